/** `Prefer: wait=n`: the answer waits for the end, no longer than asked, and says that it did. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { preferredWait } from '../../shared/domain/prefer.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 4 }

test('Prefer is read as RFC 7240 writes it, and what is not known is ignored', () => {
  for (const [header, seconds] of [
    [undefined, undefined],
    ['respond-async', undefined],
    ['wait=7', 7],
    ['Wait = 7', 7],
    ['wait="7"', 7],
    ['respond-async, wait=7; x=y', 7],
    ['wait=3, wait=9', 3],
    ['wait', 60],
    ['wait=0', 0],
    ['wait=100000', 60],
    ['wait=-1', undefined],
    ['wait=soon', undefined],
    ['await=5', undefined],
  ] as const)
    assert.equal(preferredWait(header, 60), seconds, header)
})

describe('a request that prefers to wait', () => {
  let edge: Edge
  let account: TestAccount
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
  })
  after(() => edge.close())

  const create = (headers: object, body: object = BODY) =>
    edge.request('POST', '/v1/generations', { key: account.apiKey, body, headers })
  const generationOf = async (response: Response): Promise<Generation> => generationSchema.parse(await response.json())
  const newest = async (): Promise<string> => {
    const response = await edge.request('GET', '/v1/generations?limit=1', { key: account.apiKey })
    return ((await response.json()) as { data: { id: string }[] }).data[0]?.id ?? ''
  }
  const work = (generationId: string) => createRunner(edge).work({ accountId: account.id, generationId })

  test('gets the ended generation and its image in the answer of the create', async () => {
    const waiting = create({ prefer: 'wait=20' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await work(await newest())
    const response = await waiting
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('preference-applied'), 'wait=20')
    const generation = await generationOf(response)
    assert.equal(response.headers.get('location'), `/v1/generations/${generation.id}`)
    assert.equal(generation.status, 'succeeded')
    assert.equal((await fetch(generation.outputs[0]?.url ?? '')).status, 200)
  })

  test('gets it as it stands when the time is up, and can go on waiting with a GET', async () => {
    const began = Date.now()
    const response = await create({ prefer: 'wait=1' })
    assert.ok(Date.now() - began >= 900)
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('preference-applied'), 'wait=1')
    const { id, status } = await generationOf(response)
    assert.equal(status, 'queued')
    const waiting = edge.request('GET', `/v1/generations/${id}`, {
      key: account.apiKey,
      headers: { prefer: 'wait=20' },
    })
    await work(id)
    const again = await waiting
    assert.deepEqual([again.status, (await generationOf(again)).status], [200, 'succeeded'])
  })

  test('gets the ended extension in the answer of the extend', async () => {
    const { id } = await generationOf(await create({}))
    await work(id)
    const waiting = edge.request('POST', `/v1/generations/${id}/extend`, {
      key: account.apiKey,
      body: { nfe_budget: 10 },
      headers: { prefer: 'wait=20' },
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await work(await newest())
    const response = await waiting
    assert.deepEqual([response.status, response.headers.get('preference-applied')], [200, 'wait=20'])
    const extension = await generationOf(response)
    assert.deepEqual([extension.extends, extension.status], [id, 'succeeded'])
  })

  test('is not kept waiting by a refusal', async () => {
    const response = await create({ prefer: 'wait=30' }, { ...BODY, nfe_budget: 0 })
    assert.equal(response.status, 422)
    assert.equal(response.headers.get('preference-applied'), null)
  })

  test('with an Idempotency-Key is replayed with the end that has come since', async () => {
    const headers = { 'idempotency-key': 'one-of-mine' }
    const first = await generationOf(await create(headers))
    await work(first.id)
    const replayed = await create({ ...headers, prefer: 'wait=5' })
    assert.equal(replayed.headers.get('idempotent-replayed'), 'true')
    const ended = await generationOf(replayed)
    assert.deepEqual([ended.id, ended.status], [first.id, 'succeeded'])
    assert.equal((await generationOf(await create(headers))).status, 'queued')
  })
})
