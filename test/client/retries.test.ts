/** The client on a bad connection: whatever is lost on the way, each thing is done once and its answer arrives. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { Rollover, RolloverConnectionError, RolloverError } from 'rollover'
import { createRunner } from '../api/work.ts'
import type { Fault } from './flaky-proxy.ts'
import { type ServedEdge, serveEdge } from './served-edge.ts'

const REQUEST = { prompt: 'seven balloons and four bears', nfe_budget: 10 }
const FAULTS: readonly Fault[] = ['drop', 'lose', 'cut', 'refuse']

describe('the client', () => {
  let served: ServedEdge
  before(async () => {
    served = await serveEdge()
  })
  beforeEach(() => {
    served.proxy.otherwise(() => 'none')
    served.proxy.seen.length = 0
  })
  after(() => served.close())

  const idsOf = async (): Promise<string[]> => {
    const ids: string[] = []
    for await (const { id } of served.direct.every({ limit: 100 })) ids.push(id)
    return ids
  }

  for (const fault of FAULTS)
    test(`creates once and gets the answer after: ${fault}`, async () => {
      const before_ = await idsOf()
      served.proxy.next(fault, fault)
      const { id } = await served.shaky.create(REQUEST)
      assert.deepEqual(
        (await idsOf()).filter((each) => !before_.includes(each)),
        [id],
      )
      assert.deepEqual(
        served.proxy.seen.map(({ fault: met }) => met),
        [fault, fault, 'none'],
      )
      const keys = new Set(served.proxy.seen.map(({ headers }) => headers['idempotency-key']))
      assert.equal(keys.size, 1)
      assert.ok(!keys.has(undefined))
    })

  test('draws another Idempotency-Key for another request, and sends the one it is given', async () => {
    await served.shaky.create(REQUEST)
    const first = await served.shaky.create(REQUEST, { idempotencyKey: 'mine' })
    const again = await served.shaky.create(REQUEST, { idempotencyKey: 'mine' })
    assert.equal(first.id, again.id)
    const keys = served.proxy.seen.map(({ headers }) => headers['idempotency-key'])
    assert.notEqual(keys[0], keys[1])
    assert.deepEqual(keys.slice(1), ['mine', 'mine'])
  })

  test('charges each of 40 requests once when half of all tries fail in some way', async () => {
    // A counter-based draw: the same faults at each run.
    let state = 7
    served.proxy.otherwise(() => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32 < 0.5 ? (FAULTS[(state >>> 8) % FAULTS.length] ?? 'none') : 'none'
    })
    const before_ = await idsOf()
    const account = await served.direct.account()
    const client = new Rollover({
      apiKey: served.account.apiKey,
      baseUrl: served.proxy.url,
      retry: { retries: 30, baseMs: 2, maxMs: 20 },
    })
    const made = await Promise.all(
      Array.from({ length: 40 }, async (_, seed) => {
        const { id } = await client.create({ ...REQUEST, seed })
        return (await client.get(id)).id
      }),
    )
    assert.equal(new Set(made).size, 40)
    assert.deepEqual((await idsOf()).filter((each) => !before_.includes(each)).toSorted(), made.toSorted())
    const held = (await served.direct.account()).held_micro_usd - account.held_micro_usd
    assert.equal(held, 40 * 10 * 20)
    const tries = served.proxy.seen.length
    assert.ok(tries > 120, `${tries} tries: the proxy was not bad enough`)
  })

  test('does not try again what the API says will not succeed', async () => {
    await assert.rejects(served.shaky.create({ prompt: 'seven baloons', nfe_budget: 10 }), (error: unknown) => {
      assert.ok(error instanceof RolloverError)
      assert.deepEqual([error.status, error.code, error.retryable], [422, 'invalid_request', false])
      assert.equal(error.errors[0]?.pointer, '/prompt')
      assert.match(error.requestId ?? '', /^req_/)
      return true
    })
    await assert.rejects(served.shaky.create({ ...REQUEST, nfe_budget: 2000, n_outputs: 99 }))
    assert.equal(served.proxy.seen.length, 2)
  })

  test('says 402 with what is needed and what there is, after one try', async () => {
    const poor = await served.edge.openAccount(100)
    const client = new Rollover({ apiKey: poor.apiKey, baseUrl: served.proxy.url })
    await assert.rejects(client.create(REQUEST), (error: unknown) => {
      assert.ok(error instanceof RolloverError)
      assert.deepEqual(
        [error.code, error.problem?.nfe_required, error.problem?.nfe_available],
        ['insufficient_budget', 10, 5],
      )
      return true
    })
    assert.equal(served.proxy.seen.length, 1)
  })

  test('takes a DELETE whose answer was lost for done, and one of nothing for a mistake', async () => {
    const { id } = await served.direct.create(REQUEST)
    await served.direct.cancel(id)
    served.proxy.next('lose')
    await served.shaky.delete(id)
    await assert.rejects(served.shaky.delete(id), { name: 'RolloverError', status: 404 })
  })

  test('does not wait out a conflict that only time can mend', async () => {
    const { id } = await served.direct.create(REQUEST)
    served.proxy.seen.length = 0
    await assert.rejects(
      served.shaky.delete(id),
      (error: unknown) => error instanceof RolloverError && error.code === 'not_ended',
    )
    assert.equal(served.proxy.seen.length, 1)
  })

  test('gives up with the last failure, after as many tries as it was told', async () => {
    served.proxy.otherwise(() => 'drop')
    const client = new Rollover({
      apiKey: served.account.apiKey,
      baseUrl: served.proxy.url,
      retry: { retries: 2, baseMs: 1 },
    })
    await assert.rejects(client.account(), RolloverConnectionError)
    assert.equal(served.proxy.seen.length, 3)
    served.proxy.otherwise(() => 'refuse')
    await assert.rejects(client.account(), (error: unknown) => {
      assert.ok(error instanceof RolloverError)
      assert.deepEqual([error.status, error.code], [503, 'unexpected_answer'])
      return true
    })
  })

  test('waits as long as Retry-After says, and not at all for longer than it may', async () => {
    const asked: number[] = []
    const answers = [
      new Response('{}', { status: 429, headers: { 'retry-after': '1' } }),
      new Response('{"object":"account"}', { status: 200 }),
    ]
    const limited = async (): Promise<Response> => {
      asked.push(performance.now())
      return answers.shift() ?? new Response('', { status: 429, headers: { 'retry-after': '3600' } })
    }
    const client = new Rollover({ apiKey: 'rk_x', baseUrl: 'http://127.0.0.1:9', fetch: limited as typeof fetch })
    await client.account()
    assert.ok((asked[1] ?? 0) - (asked[0] ?? 0) >= 990)
    await assert.rejects(
      client.account(),
      (error: unknown) => error instanceof RolloverError && error.retryAfterSeconds === 3600,
    )
    assert.equal(asked.length, 3)
  })

  test('ends at once when its signal is aborted, with the reason', async () => {
    served.proxy.otherwise(() => 'drop')
    const stop = new AbortController()
    const slow = new Rollover({ apiKey: served.account.apiKey, baseUrl: served.proxy.url, retry: { baseMs: 60_000 } })
    const calling = slow.account({ signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await assert.rejects(calling, /enough/)
  })

  test('downloads an image whole through answers that break off, checked against its hash', async () => {
    const { id } = await served.direct.create(REQUEST)
    await createRunner(served.edge).work({ accountId: served.account.id, generationId: id })
    served.proxy.next('cut', 'lose', 'refuse')
    const generation = await served.shaky.wait(id)
    assert.equal(generation.status, 'succeeded')
    served.proxy.next('drop')
    const png = await served.shaky.download(generation)
    assert.equal(png.byteLength, generation.outputs[0]?.bytes)
    const forged = {
      ...generation,
      outputs: generation.outputs.map((output) => ({ ...output, sha256: '0'.repeat(64) })),
    }
    await assert.rejects(served.shaky.download(forged), { name: 'RolloverChecksumError' })
    const trace = await served.shaky.trace(generation)
    assert.equal(JSON.parse(trace?.trimEnd().split('\n').at(-1) ?? '').nfe, generation.usage.nfe_used)
  })
})
