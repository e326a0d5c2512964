/** What a deployment rules out is not made: refused at the edge, or failed by the runner with the reason and a full refund. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { after, afterEach, before, describe, test } from 'node:test'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createApi } from '../../functions/api/app.ts'
import { type ContentCheck, createContentCheck } from '../../gpu-runner/content/check-content.ts'
import { contentPolicySchema } from '../../shared/contract/content-policy.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { compileDenyList } from '../../shared/domain/deny-list.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { listLiveEvents } from '../../shared/stores/live-events.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 60, seed: 4 }
const CREDIT = 1_000_000

interface Asked {
  readonly kind: string
  readonly prompt?: string
  readonly content_type?: string
  readonly image?: string
}

describe('a content policy', () => {
  let edge: Edge
  let account: TestAccount
  let classifier: Server
  let url: string
  let asked: Asked[] = []
  let answer: (asked: Asked) => { status?: number; body: unknown }
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount(CREDIT)
    classifier = createServer(async (request, response) => {
      const question = JSON.parse(await readText(request)) as Asked
      asked.push(question)
      const { status = 200, body } = answer(question)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await new Promise<void>((done) => classifier.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(classifier.address() as AddressInfo).port}/look`
  })
  afterEach(() => {
    asked = []
  })
  after(async () => {
    classifier.close()
    await edge.close()
  })

  const ask = (method: string, path: string, body?: unknown, headers: object = {}) =>
    edge.request(method, path, { key: account.apiKey, ...(body !== undefined && { body }), headers })
  const create = async (terms: object = {}): Promise<string> => {
    const response = await ask('POST', '/v1/generations', { ...BODY, ...terms })
    assert.equal(response.status, 202)
    return generationSchema.parse(await response.json()).id
  }
  const get = async (id: string): Promise<Generation> =>
    generationSchema.parse(await (await ask('GET', `/v1/generations/${id}`)).json())
  const check = (policy: object): ContentCheck => createContentCheck(contentPolicySchema.parse(policy))
  const search = async (content: ContentCheck, terms: object = {}) => {
    const id = await create(terms)
    const runner = createRunner(edge, { content })
    const disposal = await runner.work({ accountId: account.id, generationId: id })
    return { id, nfe: runner.nfe(), disposal, generation: await get(id) }
  }
  const objectsOf = async (id: string): Promise<string[]> => {
    const { client, name: Bucket } = edge.api.bucket
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
    return Contents.map(({ Key = '' }) => Key).filter((key) => key.includes(id))
  }

  test('at the edge refuses a prompt before anything is held, with the reason and its place', async () => {
    const app = createApi({ ...edge.api, denied: compileDenyList({ weapons: ['rifle'] }) })
    const headers = { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' }
    const bad = { ...BODY, prompt: 'seven balloons and a Rifle' }
    const before = await edge.account(account.apiKey)
    for (const path of ['/v1/generations', '/v1/quotes']) {
      const response = await app.request(path, { method: 'POST', headers, body: JSON.stringify(bad) })
      const problem = problemSchema.parse(await response.json())
      assert.deepEqual([response.status, problem.code, problem.retryable], [422, 'content_refused', false])
      assert.deepEqual(
        problem.errors?.map(({ pointer }) => pointer),
        ['/prompt'],
      )
      assert.match(problem.detail, /weapons/)
      assert.doesNotMatch(problem.detail, /rifle/i)
    }
    const batch = await app.request('/v1/batches', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
      body: `${JSON.stringify(BODY)}\n${JSON.stringify(bad)}\n`,
    })
    const problem = problemSchema.parse(await batch.json())
    assert.deepEqual([problem.code, problem.errors?.[0]?.pointer], ['content_refused', '/1/prompt'])
    assert.deepEqual(await edge.account(account.apiKey), before)
  })

  test('in the runner fails a prompt that its own list or classifier refuses, before any NFE', async () => {
    answer = ({ prompt }) => ({ body: { refused: prompt === BODY.prompt, reason: 'balloons' } })
    for (const policy of [{ prompt: { deny: { balloons: ['balloons'] } } }, { prompt: { classifier: { url } } }]) {
      const { generation, nfe, disposal } = await search(check(policy))
      assert.deepEqual(disposal, { kind: 'delete' })
      assert.deepEqual([generation.status, generation.error?.code, nfe], ['failed', 'content_refused', 0])
      assert.match(generation.error?.detail ?? '', /balloons/)
      assert.deepEqual(
        [generation.usage.nfe_used, generation.usage.nfe_refunded, generation.usage.price_micro_usd],
        [0, BODY.nfe_budget, 0],
      )
    }
    assert.deepEqual(asked, [{ kind: 'prompt', prompt: BODY.prompt }])
    const { balance_micro_usd, held_micro_usd } = await edge.account(account.apiKey)
    assert.deepEqual([balance_micro_usd, held_micro_usd], [CREDIT, 0])
  })

  test('fails a search of which no image may be given out: nothing is stored, nothing charged, and the client is told', async () => {
    answer = () => ({ body: { refused: true, reason: 'gore' } })
    const terms = { previews: true, webhook_url: 'http://127.0.0.1:9/hook' }
    const { id, generation, nfe } = await search(check({ image: { classifier: { url } } }), terms)
    assert.equal(nfe, BODY.nfe_budget)
    assert.deepEqual([generation.status, generation.error?.code], ['failed', 'content_refused'])
    assert.deepEqual([generation.outputs, generation.trace, generation.extendable], [[], null, false])
    assert.deepEqual([generation.usage.nfe_used, generation.usage.price_micro_usd], [0, 0])
    assert.deepEqual(
      (await objectsOf(id)).filter((key) => !key.startsWith('checkpoints/')),
      [],
    )
    const events = await listLiveEvents(edge.api.table, { accountId: account.id, generationId: id, limit: 100 })
    assert.ok(events.length > 0 && events.every(({ event }) => event.preview === null && event.thumbnails === null))
    const delivery = await getDelivery(edge.api.table, { accountId: account.id, deliveryId: deliveryIdOf(id) })
    const { type, data } = JSON.parse(delivery?.body ?? '')
    assert.deepEqual([type, data.error.code], ['generation.failed', 'content_refused'])
    // The client never had what was asked about: it was a picture all the same.
    const image = asked.find(({ content_type }) => content_type === 'image/png')
    assert.deepEqual([...Buffer.from(image?.image ?? '', 'base64').subarray(1, 4)], [...Buffer.from('PNG')])
  })

  test('gives out what it does not hold back, and says how many it held', async () => {
    let looked = 0
    answer = () => ({ body: { refused: looked++ === 0, reason: 'gore' } })
    const terms = { search: 'best-of-n', n_outputs: 3 }
    const { id, generation } = await search(check({ image: { classifier: { url } } }), terms)
    assert.equal(generation.status, 'succeeded')
    assert.deepEqual([generation.outputs.length, generation.outputs_held_back], [2, 1])
    assert.equal(generation.result?.reward, generation.outputs[0]?.reward)
    assert.equal((await objectsOf(id)).filter((key) => key.startsWith('outputs/')).length, 2)
  })

  for (const [name, failing] of [
    ['answers with an error', { status: 500, body: {} }],
    ['answers with no verdict', { body: { ok: true } }],
    ['answers without end', { body: { refused: false, reason: 'x'.repeat(100_000) } }],
  ] as const)
    test(`takes a classifier that ${name} for no yes: the search is tried again and given up, free`, async () => {
      answer = () => failing
      const id = await create()
      const runner = createRunner(edge, { content: check({ image: { classifier: { url } } }) })
      const named = { accountId: account.id, generationId: id }
      assert.equal((await runner.work(named)).kind, 'return')
      assert.equal((await get(id)).status, 'queued')
      for (let tries = 0; tries < 4 && (await runner.work(named)).kind === 'return'; tries++);
      const generation = await get(id)
      assert.deepEqual([generation.status, generation.error?.code], ['failed', 'search_failed'])
      assert.equal(generation.usage.price_micro_usd, 0)
      assert.deepEqual(
        (await objectsOf(id)).filter((key) => key.startsWith('outputs/')),
        [],
      )
    })

  test('gives a classifier that is silent no longer than it may have', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
    const content = check({ prompt: { classifier: { url: address, timeout_ms: 50 } } })
    await assert.rejects(content.prompt('two bears'), { name: 'TimeoutError' })
    silent.closeAllConnections()
    silent.close()
  })
})
