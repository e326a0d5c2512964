/** Deadlines and start limits: too late to begin is free, out of time is the best so far, billed for what was used. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { leaseGeneration } from '../../shared/stores/generations.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 100, seed: 4 }
const CREDIT = 100_000

describe('a generation out of time', () => {
  let edge: Edge
  let now = Date.parse('2026-01-01T00:00:00Z')
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())

  const create = async (account: TestAccount, terms: object) => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: { ...BODY, ...terms } })
    assert.equal(response.status, 202)
    return { accountId: account.id, generationId: generationSchema.parse(await response.json()).id }
  }
  const get = async (account: TestAccount, id: string) => {
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    return generationSchema.parse(await response.json())
  }
  const sweep = () => reconcile({ ...edge.api, now: () => now })

  test('that did not begin within its start limit expires, free, when its message comes', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account, { start_ttl_seconds: 30 })
    now += 30_000
    const runner = createRunner(edge)
    assert.deepEqual(await runner.work(named), { kind: 'delete' })
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.stop_reason, generation.usage.nfe_used], ['expired', 'deadline', 0])
    assert.equal(generation.started_at, null)
    assert.equal(runner.nfe(), 0)
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], CREDIT)
  })

  test('expires at its time even when no message ever comes', async () => {
    const account = await edge.openAccount(CREDIT)
    // Reviews are a minute apart here: the limit itself brings it up for review.
    const named = await create(account, { start_ttl_seconds: 20 })
    now += 19_000
    await sweep()
    assert.equal((await get(account, named.generationId)).status, 'queued')
    now += 2000
    await sweep()
    assert.equal((await get(account, named.generationId)).status, 'expired')
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })

  test('that began within its start limit is not stopped by it', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account, { start_ttl_seconds: 5 })
    const runner = createRunner(edge, {
      beforeEvaluation: (calls) => {
        if (calls === 3) now += 20_000
        return undefined
      },
    })
    await runner.work(named)
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.stop_reason], ['succeeded', 'budget'])
  })

  test('at its deadline delivers the best so far and is billed for what was evaluated', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account, { deadline_seconds: 10 })
    const runner = createRunner(edge, {
      beforeEvaluation: (calls) => {
        if (calls === 7) now += 10_000
        return undefined
      },
    })
    await runner.work(named)
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.stop_reason], ['succeeded', 'deadline'])
    assert.equal(generation.outputs.length, 1)
    assert.equal(generation.usage.nfe_used, runner.nfe())
    assert.ok(generation.usage.nfe_used < 20)
    assert.equal((await edge.account(account.apiKey))['spent_micro_usd'], generation.usage.price_micro_usd)
  })

  test('whose runner died before the deadline, and whom nobody took over in time, expires free', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account, { deadline_seconds: 10 })
    assert.equal((await leaseGeneration(edge.api.table, { ...named, now, leaseMs: 30_000 })).kind, 'leased')
    now += 31_000
    assert.deepEqual(await createRunner(edge).work(named), { kind: 'delete' })
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.usage.nfe_used], ['expired', 0])
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], CREDIT)
  })

  test('is refused terms that no clock can keep', async () => {
    const account = await edge.openAccount(CREDIT)
    for (const terms of [{ deadline_seconds: 0 }, { deadline_seconds: 1.5 }, { start_ttl_seconds: 86_401 }]) {
      const response = await edge.request('POST', '/v1/generations', {
        key: account.apiKey,
        body: { ...BODY, ...terms },
      })
      assert.equal(response.status, 422)
    }
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })
})
