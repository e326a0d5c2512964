/** One account that floods waits for itself: its messages are few, its generations many, and the others hardly notice. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { receiveMessages } from '../../shared/aws/receive-messages.ts'
import { batchSchema } from '../../shared/contract/batch.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { generationMessageSchema } from '../../shared/contract/queue.ts'
import { type FleetReading, messagesAtOnce } from '../../shared/domain/admission.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import { createFleetReader, putFleetReading } from '../../shared/stores/fleet-reading.ts'
import { getGeneration } from '../../shared/stores/generations.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'two bears', nfe_budget: 2, seed: 1 }

describe('an account that floods', () => {
  let edge: Edge
  let now = Date.parse('2026-01-01T00:00:00Z')
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())
  afterEach(() => {
    // Beyond what a reader keeps.
    now += 60_000
  })

  const READING: Omit<FleetReading, 'at'> = {
    secondsPerNfe: 0.1,
    tasks: 6,
    maxTasks: 4,
    concurrency: 2,
    queuedNfe: 0,
    runningNfe: 0,
    running: 0,
    accounts: 1,
    heaviest: [],
  }
  const read = (reading: Partial<FleetReading> = {}) =>
    putFleetReading(edge.api.table, { ...READING, at: now, ...reading })
  const create = async ({ apiKey: key }: TestAccount, terms: object = {}): Promise<Generation> => {
    const response = await edge.request('POST', '/v1/generations', { key, body: { ...BODY, ...terms } })
    assert.equal(response.status, 202, await response.clone().text())
    return generationSchema.parse(await response.json())
  }
  const flood = async (account: TestAccount, count: number): Promise<string[]> => {
    const ids: string[] = []
    for (let at = 0; at < count; at++) {
      // Ids are in the order of their time.
      now += 1
      ids.push((await create(account)).id)
    }
    return ids
  }
  const waiting = async (account: TestAccount): Promise<string[]> => {
    const { holds = {} } = (await getAccount(edge.api.table, account.id)) ?? {}
    return Object.keys(holds)
      .filter((id) => holds[id]?.waits)
      .sort()
  }
  /** Works on messages as they come, one after the other, until the account's are all done. @returns ids in that order. */
  const workThrough = async (count: number): Promise<string[]> => {
    const done: string[] = []
    const stop = new AbortController()
    const runner = createRunner(edge, { now: () => now })
    await receiveMessages({
      client: edge.api.queues.client,
      queueUrl: edge.api.queues.generationsUrls.standard,
      parse: (body) => generationMessageSchema.parse(body),
      concurrency: 1,
      visibilitySeconds: 30,
      handle: async ({ message }) => {
        const disposal = await runner.work({ accountId: message.account_id, generationId: message.generation_id })
        done.push(message.generation_id)
        if (done.length === count) stop.abort()
        return disposal
      },
      signal: stop.signal,
    })
    return done
  }

  test('has a few messages in the queue, and all its generations are worked on in order', async () => {
    await read()
    const account = await edge.openAccount()
    const ids = await flood(account, 8)
    const atOnce = messagesAtOnce({ ...READING, at: now })
    assert.equal(atOnce, 3)
    assert.equal(await edge.queued(), atOnce)
    assert.deepEqual(await waiting(account), ids.slice(atOnce))
    assert.deepEqual(await workThrough(8), ids)
    assert.equal(await edge.queued(), 0)
    const { balance_micro_usd, held_micro_usd, spent_micro_usd, credited_micro_usd } = await edge.account(
      account.apiKey,
    )
    assert.deepEqual([held_micro_usd, Number(balance_micro_usd) + Number(spent_micro_usd)], [0, credited_micro_usd])
  })

  test('does not stand before others: who comes later is worked on after a few of its own, not after all', async () => {
    await read({ accounts: 2 })
    const [loud, quiet] = [await edge.openAccount(), await edge.openAccount()]
    const loudIds = await flood(loud, 9)
    const [first, second] = [await flood(quiet, 1), await flood(quiet, 1)].flat() as [string, string]
    const order = await workThrough(11)
    const atOnce = messagesAtOnce({ ...READING, at: now, accounts: 2 })
    // In turn: before a quiet one's first come those that were in the queue, before its second as many again.
    assert.ok(order.indexOf(first) <= atOnce, `${order.indexOf(first)} came before the first`)
    assert.ok(order.indexOf(second) <= 2 * atOnce + 1, `${order.indexOf(second)} came before the second`)
    assert.deepEqual(
      order.filter((id) => loudIds.includes(id)),
      loudIds,
    )
  })

  test('does not wait for what has begun: the next is queued when one begins, and waits for that one', async () => {
    await read({ accounts: 4 })
    const account = await edge.openAccount()
    const [first = '', second = '', third = ''] = await flood(account, 3)
    assert.deepEqual(await waiting(account), [second, third])
    const began = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const runner = createRunner(edge, {
      now: () => now,
      beforeEvaluation: () => {
        began.resolve()
        return goOn.promise
      },
    })
    const working = runner.work({ accountId: account.id, generationId: first })
    try {
      await began.promise
      while ((await waiting(account)).includes(second)) await sleep(10)
      assert.deepEqual(await waiting(account), [third])
      const [fourth] = await flood(account, 1)
      assert.deepEqual(await waiting(account), [third, fourth])
    } finally {
      goOn.resolve()
      await working
    }
    // The message of what has ended is there too: it was not this one that was worked on.
    await workThrough(4)
    assert.equal((await edge.account(account.apiKey))['open_generations'], 0)
  })

  test('by a batch has the first lines queued, and the others as these end', async () => {
    await read()
    const { apiKey: key, id } = await edge.openAccount()
    const body = Array.from({ length: 7 }, () => JSON.stringify(BODY)).join('\n')
    const headers = { 'content-type': 'application/x-ndjson' }
    const response = await edge.request('POST', '/v1/batches', { key, body, headers })
    assert.equal(response.status, 202)
    const batch = batchSchema.parse(await response.json())
    assert.equal(await edge.queued(), 3)
    await workThrough(7)
    assert.equal(await edge.queued(), 0)
    const after_ = await edge.request('GET', `/v1/batches/${batch.id}`, { key })
    assert.equal(batchSchema.parse(await after_.json()).progress.succeeded, 7)
    assert.deepEqual((await getAccount(edge.api.table, id))?.holds, {})
  })

  test('loses nothing to a process that died before it sent the next: reconcile sends it in its turn', async () => {
    await read()
    const account = await edge.openAccount()
    const ids = await flood(account, 5)
    const named = (id = '') => ({ accountId: account.id, generationId: id })
    const broken = {
      ...edge.api.queues,
      client: { send: () => Promise.reject(new Error('the process died')) } as never,
    }
    const dying = createRunner({ ...edge, api: { ...edge.api, queues: broken } }, { now: () => now })
    assert.equal((await dying.work(named(ids[0]))).kind, 'return')
    assert.equal((await edge.account(account.apiKey))['open_generations'], 4)
    assert.ok((await waiting(account)).includes(ids[3] ?? ''))
    now += 200_000
    await read()
    await reconcile(edge.api)
    assert.deepEqual(await waiting(account), [ids[4]])
    assert.equal((await getGeneration(edge.api.table, named(ids[3])))?.waits, undefined)
    assert.equal((await getGeneration(edge.api.table, named(ids[4])))?.waits, true)
    // What was already in the queue may have been sent a second time.
    const runner = createRunner(edge, { now: () => now })
    for (const id of ids) await runner.work(named(id))
    assert.equal((await edge.account(account.apiKey))['open_generations'], 0)
    await workThrough(await edge.queued())
  })

  test('keeps its place when the same request comes twice', async () => {
    await read()
    const account = await edge.openAccount()
    await flood(account, 4)
    const before_ = await edge.queued()
    const headers = { 'idempotency-key': 'again' }
    const post = () => edge.request('POST', '/v1/generations', { key: account.apiKey, body: BODY, headers })
    const [first, second] = [await post(), await post()]
    assert.equal(second.headers.get('idempotent-replayed'), 'true')
    assert.equal(((await first.json()) as Generation).id, ((await second.json()) as Generation).id)
    assert.equal(await edge.queued(), before_)
    assert.equal((await waiting(account)).length, 2)
    await workThrough(5)
  })

  test('waits for nobody where no reading of the fleet is at hand, or only one of long ago', async () => {
    now += 600_000
    const account = await edge.openAccount()
    await flood(account, 6)
    assert.deepEqual(await waiting(account), [])
    assert.equal(await edge.queued(), 6)
    await workThrough(6)
  })

  test('is told when it will begin, and refused before anything is held when that is too late; others are let in', async () => {
    const [loud, quiet] = [await edge.openAccount(), await edge.openAccount()]
    const queuedNfe = 200_000
    await read({ queuedNfe, tasks: 1, accounts: 2, heaviest: [[loud.id, queuedNfe]] })
    const told = await create(quiet)
    // One of its own size is before it, on the one task there is: 2 NFEs, rounded up to a second.
    assert.equal(Date.parse(told.estimated_start_at ?? '') - now, 1000)
    const refused = await edge.request('POST', '/v1/generations', { key: loud.apiKey, body: BODY })
    const problem = problemSchema.parse(await refused.json())
    assert.deepEqual([refused.status, problem.code, problem.retryable], [503, 'overloaded', true])
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assert.equal(problem.estimated_wait_seconds, 5000)
    assert.equal((await edge.account(loud.apiKey))['held_micro_usd'], 0)
    await workThrough(1)
    const { estimated_start_at } = generationSchema.parse(
      await (await edge.request('GET', `/v1/generations/${told.id}`, { key: quiet.apiKey })).json(),
    )
    assert.equal(estimated_start_at, null)
  })

  test('costs a create no read of the table but one in five seconds', async () => {
    await read()
    let reads = 0
    const counting = {
      ...edge.api.table,
      client: {
        send: (command: never) => {
          reads++
          return edge.api.table.client.send(command)
        },
      } as never,
    }
    const fleet = createFleetReader(counting, () => now)
    for (let at = 0; at < 100; at++) await fleet()
    assert.equal(reads, 1)
    now += 5000
    await Promise.all(Array.from({ length: 100 }, fleet))
    assert.equal(reads, 2)
  })
})
