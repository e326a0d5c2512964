/** `Prefer: wait=n`: the answer waits for the end, no longer than asked, and says that it did. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { preferredWait } from '../../shared/domain/prefer.ts'
import { startCustomer } from './customer.ts'

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
  const customer = startCustomer(BODY)
  const generationOf = async (response: Response): Promise<Generation> => generationSchema.parse(await response.json())
  const newest = async (): Promise<string | undefined> => {
    const response = await customer.edge.request('GET', '/v1/generations?limit=1', { key: customer.account.apiKey })
    return ((await response.json()) as { data: { id: string }[] }).data[0]?.id
  }
  /** The generation that a request still under way has made. */
  const madeAfter = async (former: string | undefined): Promise<{ id: string }> => {
    for (;;) {
      const id = await newest()
      if (id !== undefined && id !== former) return { id }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  test('gets the ended generation and its image in the answer of the create', async () => {
    const former = await newest()
    const waiting = customer.ask({}, { prefer: 'wait=60' })
    await customer.work(await madeAfter(former))
    const response = await waiting
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('preference-applied'), 'wait=60')
    const generation = await generationOf(response)
    assert.equal(response.headers.get('location'), `/v1/generations/${generation.id}`)
    assert.equal(generation.status, 'succeeded')
    assert.equal((await fetch(generation.outputs[0]?.url ?? '')).status, 200)
  })

  test('gets it as it stands when the time is up, and can go on waiting with a GET', async () => {
    const began = Date.now()
    const response = await customer.ask({}, { prefer: 'wait=1' })
    assert.ok(Date.now() - began >= 900)
    assert.equal(response.status, 202)
    assert.equal(response.headers.get('preference-applied'), 'wait=1')
    const { id, status } = await generationOf(response)
    assert.equal(status, 'queued')
    const waiting = customer.edge.request('GET', `/v1/generations/${id}`, {
      key: customer.account.apiKey,
      headers: { prefer: 'wait=60' },
    })
    await customer.work({ id })
    const again = await waiting
    assert.deepEqual([again.status, (await generationOf(again)).status], [200, 'succeeded'])
  })

  test('gets the ended extension in the answer of the extend', async () => {
    const { id } = await customer.create()
    await customer.work({ id })
    const waiting = customer.edge.request('POST', `/v1/generations/${id}/extend`, {
      key: customer.account.apiKey,
      body: { nfe_budget: 10 },
      headers: { prefer: 'wait=60' },
    })
    await customer.work(await madeAfter(id))
    const response = await waiting
    assert.deepEqual([response.status, response.headers.get('preference-applied')], [200, 'wait=60'])
    const extension = await generationOf(response)
    assert.deepEqual([extension.extends, extension.status], [id, 'succeeded'])
  })

  test('is not kept waiting by a refusal', async () => {
    const response = await customer.ask({ nfe_budget: 0 }, { prefer: 'wait=30' })
    assert.equal(response.status, 422)
    assert.equal(response.headers.get('preference-applied'), null)
  })

  test('with an Idempotency-Key is replayed with the end that has come since', async () => {
    const headers = { 'idempotency-key': 'one-of-mine' }
    const first = await generationOf(await customer.ask({}, headers))
    await customer.work(first)
    const replayed = await customer.ask({}, { ...headers, prefer: 'wait=5' })
    assert.equal(replayed.headers.get('idempotent-replayed'), 'true')
    const ended = await generationOf(replayed)
    assert.deepEqual([ended.id, ended.status], [first.id, 'succeeded'])
    assert.equal((await generationOf(await customer.ask({}, headers))).status, 'queued')
  })
})
