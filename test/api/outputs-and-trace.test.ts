/** What a search leaves behind: images in the format asked, and a trace whose hash is the receipt. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import sharp from 'sharp'
import type { Generation } from '../../shared/contract/generation.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { startCustomer } from './customer.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 60, seed: 4 }

describe('an ended search', () => {
  const customer = startCustomer(BODY)
  const search = async (terms: object = {}): Promise<Generation> => {
    const generation = await customer.work(await customer.create(terms))
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
    const response = await customer.edge.request('GET', `/v1/generations/${id}/trace`, { key: customer.account.apiKey })
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
    const delivery = await getDelivery(customer.edge.api.table, { accountId: customer.account.id, deliveryId })
    assert.deepEqual(JSON.parse(delivery?.body ?? '{}').data.usage, generation.usage)
    assert.match(generation.usage.receipt_sha256 ?? '', /^[0-9a-f]{64}$/)
  })

  test('has no trace for another account, nor before it has ended', async () => {
    const generation = await search()
    const stranger = await customer.edge.openAccount()
    const asked = await customer.edge.request('GET', `/v1/generations/${generation.id}/trace`, { key: stranger.apiKey })
    assert.equal(asked.status, 404)
    const waiting = await customer.create()
    assert.equal(waiting.trace, null)
    const early = await customer.edge.request('GET', `/v1/generations/${waiting.id}/trace`, {
      key: customer.account.apiKey,
    })
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
    const response = await customer.ask({ nfe_budget: 6, n_outputs: 4 })
    assert.equal(response.status, 422)
    const problem = (await response.json()) as { errors: { pointer: string }[] }
    assert.deepEqual(problem.errors[0]?.pointer, '/n_outputs')
  })
})
