/** What a search leaves behind: images in the format asked, and a trace whose hash is the receipt. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 60, seed: 4 }

describe('an ended search', () => {
  let edge: Edge
  let account: TestAccount
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
  })
  after(() => edge.close())

  const create = async (terms: object): Promise<Generation> => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: { ...BODY, ...terms } })
    assert.equal(response.status, 202, await response.clone().text())
    return generationSchema.parse(await response.json())
  }
  const search = async (terms: object = {}): Promise<Generation> => {
    const { id } = await create(terms)
    await createRunner(edge).work({ accountId: account.id, generationId: id })
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    const generation = generationSchema.parse(await response.json())
    assert.equal(generation.status, 'succeeded')
    return generation
  }
  const download = async (url: string): Promise<Uint8Array> => {
    const response = await fetch(url)
    assert.equal(response.status, 200)
    return new Uint8Array(await response.arrayBuffer())
  }
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const traceOf = async ({ id }: Generation): Promise<Uint8Array> => {
    const response = await edge.request('GET', `/v1/generations/${id}/trace`, { key: account.apiKey })
    assert.equal(response.status, 302)
    return download(response.headers.get('location') ?? '')
  }

  for (const search_ of ['rbf', 'best-of-n'])
    test(`by ${search_} leaves a trace that ends at the NFEs charged and whose hash is the receipt`, async () => {
      const generation = await search({ search: search_ })
      const bytes = await traceOf(generation)
      assert.equal(sha256(bytes), generation.usage.receipt_sha256)
      assert.equal(generation.trace?.sha256, generation.usage.receipt_sha256)
      assert.equal(bytes.byteLength, generation.trace?.bytes)
      const text = new TextDecoder().decode(bytes)
      assert.ok(text.endsWith('\n'))
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => traceLineSchema.parse(JSON.parse(line)))
      assert.equal(lines.length, generation.trace?.lines)
      assert.equal(lines.at(-1)?.nfe, generation.usage.nfe_used)
      for (const [at, { nfe }] of lines.entries()) assert.ok(nfe >= (lines[at - 1]?.nfe ?? 0))
    })

  test('leaves the same trace and image for the same request and seed, and another for another seed', async () => {
    const [first, again, other] = [await search(), await search(), await search({ seed: 5 })]
    assert.equal(again.usage.receipt_sha256, first.usage.receipt_sha256)
    assert.equal(again.outputs[0]?.sha256, first.outputs[0]?.sha256)
    assert.notEqual(other.usage.receipt_sha256, first.usage.receipt_sha256)
  })

  test('shows its receipt in the webhook too', async () => {
    const generation = await search({ webhook_url: 'http://127.0.0.1:9/hook' })
    const deliveryId = deliveryIdOf(generation.id)
    const delivery = await getDelivery(edge.api.table, { accountId: account.id, deliveryId })
    assert.deepEqual(JSON.parse(delivery?.body ?? '{}').data.usage, generation.usage)
    assert.match(generation.usage.receipt_sha256 ?? '', /^[0-9a-f]{64}$/)
  })

  test('has no trace for another account, nor before it has ended', async () => {
    const generation = await search()
    const stranger = await edge.openAccount()
    const asked = await edge.request('GET', `/v1/generations/${generation.id}/trace`, { key: stranger.apiKey })
    assert.equal(asked.status, 404)
    const waiting = await create({})
    assert.equal(waiting.trace, null)
    const early = await edge.request('GET', `/v1/generations/${waiting.id}/trace`, { key: account.apiKey })
    assert.equal(early.status, 404)
  })

  for (const format of ['png', 'webp', 'jpeg'] as const)
    test(`stores a ${format} that is one, the same bytes each time`, async () => {
      const generation = await search({ format })
      const [output] = generation.outputs
      assert.ok(output)
      assert.equal(output.content_type, `image/${format}`)
      const bytes = await download(output.url)
      assert.equal(sha256(bytes), output.sha256)
      const seen = await sharp(bytes).metadata()
      assert.deepEqual([seen.format, seen.width, seen.height], [format, 128, 128])
      assert.equal(seen.exif, undefined)
      assert.equal((await search({ format })).outputs[0]?.sha256, output.sha256)
    })

  for (const search_ of ['rbf', 'best-of-n'])
    test(`by ${search_} gives as many distinct images as asked, best first`, async () => {
      const generation = await search({ search: search_, n_outputs: 4 })
      assert.equal(generation.outputs.length, 4)
      assert.equal(new Set(generation.outputs.map((output) => output.sha256)).size, 4)
      const rewards = generation.outputs.map(({ reward }) => reward)
      assert.deepEqual(
        rewards,
        rewards.toSorted((a, b) => b - a),
      )
      assert.equal(generation.result?.reward, rewards[0])
    })

  test('is refused more outputs than its budget can finish', async () => {
    const body = { ...BODY, nfe_budget: 6, n_outputs: 4 }
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    assert.equal(response.status, 422)
    const problem = (await response.json()) as { errors: { pointer: string }[] }
    assert.deepEqual(problem.errors[0]?.pointer, '/n_outputs')
  })
})
