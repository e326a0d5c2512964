/** Whatever a crash leaves half done is finished: each test stops between two writes, as a killed process would. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PurgeQueueCommand } from '@aws-sdk/client-sqs'
import { planReconcile, reconcile } from '../../functions/reconcile/reconcile.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { completeGeneration, deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { claimDelivery, getDelivery, putDelivery } from '../../shared/stores/deliveries.ts'
import {
  type Ending,
  extendLease,
  finishGeneration,
  type GenerationItem,
  getGeneration,
  leaseGeneration,
  putGeneration,
  releaseLease,
  rescheduleGeneration,
} from '../../shared/stores/generations.ts'
import { holdBudget } from '../../shared/stores/holds.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 100 }
const LEASE_MS = 1000

const ENDING: Ending = {
  status: 'succeeded',
  stop_reason: 'budget',
  nfe_used: 60,
  result: {
    reward: -1,
    parts: [{ name: 'count', weight: 1, reward: -1 }],
    counts: { asked: { balloon: 7 }, found: { balloon: 6 }, exact: false },
  },
  outputs: [],
}

describe('reconcile', () => {
  let edge: Edge
  // Not a fixed day: what is long past by the machine's clock is swept away by its time to live.
  let now = Date.now()
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())

  const sweep = () => reconcile({ ...edge.api, now: () => now })
  const create = async (account: TestAccount, body: object = BODY): Promise<string> => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    return generationSchema.parse(await response.json()).id
  }
  const lease = async (named: { accountId: string; generationId: string }): Promise<GenerationItem> => {
    const leased = await leaseGeneration(edge.api.table, { ...named, now, leaseMs: LEASE_MS })
    assert.equal(leased.kind, 'leased')
    return (leased as { generation: GenerationItem }).generation
  }
  const finish = (named: { accountId: string; generationId: string }, fence: number) =>
    finishGeneration(edge.api.table, { ...named, fence, ending: ENDING, now, reviewAt: now + 1000 })

  test('queues a generation again when its message was lost, and only then', async () => {
    const account = await edge.openAccount()
    await create(account)
    await edge.api.queues.client.send(new PurgeQueueCommand({ QueueUrl: edge.api.queues.generationsUrls.standard }))
    assert.equal((await sweep()).requeued, 0)
    now += 61_000
    assert.equal((await sweep()).requeued, 1)
    assert.equal((await sweep()).requeued, 0)
  })

  test('asks again for what waits at each doubling of its age, not at each look: a long queue is not a lost one', async () => {
    const generationId = await create(await edge.openAccount())
    const asked = async () => {
      const findings = await planReconcile({ ...edge.api, now: () => now })
      await sweep()
      return findings.some(({ act, id }) => act === 'requeued' && id === generationId)
    }
    const minutes: number[] = []
    for (let minute = 1; minute <= 9; minute++) {
      now += 61_000
      if (await asked()) minutes.push(minute)
    }
    assert.deepEqual(minutes, [1, 2, 4, 8])
  })

  test('a look that another overtakes does not bring an ended generation back for review', async () => {
    const named = await (async () => {
      const account = await edge.openAccount()
      return { accountId: account.id, generationId: await create(account) }
    })()
    const { fence } = await lease(named)
    await finish(named, fence)
    const ended = await getGeneration(edge.api.table, named)
    assert.ok(ended)
    await completeGeneration(edge.api, ended)
    const before = await getGeneration(edge.api.table, named)
    await rescheduleGeneration(edge.api.table, { ...named, reviewAt: now })
    assert.deepEqual(await getGeneration(edge.api.table, named), before)
  })

  test('settles and announces a generation whose runner died right after finishing it', async () => {
    const account = await edge.openAccount(10_000)
    const id = await create(account, { ...BODY, webhook_url: 'http://127.0.0.1:9/hook' })
    const named = { accountId: account.id, generationId: id }
    const { fence } = await lease(named)
    assert.equal(await finish(named, fence), true)
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 2000)
    now += 2000
    assert.equal((await sweep()).completed, 1)
    const settled = await edge.account(account.apiKey)
    assert.deepEqual(
      [settled['held_micro_usd'], settled['spent_micro_usd'], settled['balance_micro_usd']],
      [0, 1200, 8800],
    )
    const delivery = await getDelivery(edge.api.table, { accountId: account.id, deliveryId: deliveryIdOf(id) })
    assert.equal(delivery?.state, 'pending')
    assert.equal((await sweep()).completed, 0)
  })

  test('completing again charges nothing more and announces nothing more', async () => {
    const account = await edge.openAccount(10_000)
    const named = { accountId: account.id, generationId: await create(account) }
    const { fence } = await lease(named)
    await finish(named, fence)
    const ended = await getGeneration(edge.api.table, named)
    assert.ok(ended)
    await Promise.all(Array.from({ length: 5 }, () => completeGeneration(edge.api, ended)))
    assert.equal((await edge.account(account.apiKey))['spent_micro_usd'], 1200)
  })

  test('gives back a hold whose generation was never written, and the late edge cannot write it any more', async () => {
    const account = await edge.openAccount(1000)
    const named = { accountId: account.id, generationId: 'gen_NEVERWRITTEN' }
    const key = { id: account.keyId, nfe_per_day: null, nfe_per_month: null }
    const request = { ...named, key, microUsd: 400, nfe: 20, at: now, createdAt: now, reviewAt: now + 60_000 }
    await holdBudget(edge.api.table, request)
    now += 30_000
    assert.equal((await sweep()).holdsReleased, 0)
    now += 31_000
    assert.equal((await sweep()).holdsReleased, 1)
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], 1000)
    const late = { ...(await templateOf(account)), id: named.generationId, account_id: account.id }
    assert.equal(await putGeneration(edge.api.table, late, now), false)
    assert.equal(await getGeneration(edge.api.table, named), undefined)
  })

  test('leaves the hold of a generation that is only waiting', async () => {
    const account = await edge.openAccount(2000)
    await create(account)
    now += 3_600_000
    await sweep()
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 2000)
  })

  test('a runner that lost its lease can write nothing more', async () => {
    const account = await edge.openAccount()
    const named = { accountId: account.id, generationId: await create(account) }
    const first = await lease(named)
    assert.equal((await leaseGeneration(edge.api.table, { ...named, now, leaseMs: LEASE_MS })).kind, 'held by another')
    now += LEASE_MS + 1
    const second = await lease(named)
    assert.equal(second.fence, first.fence + 1)
    const late = { ...named, fence: first.fence }
    assert.equal(await extendLease(edge.api.table, { ...late, now, leaseMs: LEASE_MS }), false)
    assert.equal(await releaseLease(edge.api.table, late), false)
    assert.equal(await finish(named, first.fence), false)
    assert.equal(await finish(named, second.fence), true)
    assert.equal(await finish(named, second.fence), false)
  })

  test('one attempt of a delivery is claimed by one worker', async () => {
    const account = await edge.openAccount()
    const id = await create(account, { ...BODY, webhook_url: 'http://127.0.0.1:9/hook' })
    const named = { accountId: account.id, generationId: id }
    const { fence } = await lease(named)
    await finish(named, fence)
    const ended = await getGeneration(edge.api.table, named)
    assert.ok(ended)
    await completeGeneration(edge.api, ended)
    const claim = { accountId: account.id, deliveryId: deliveryIdOf(id), now, claimMs: 1000 }
    const claims = await Promise.all(Array.from({ length: 6 }, () => claimDelivery(edge.api.table, claim)))
    assert.equal(claims.filter((taken) => taken !== undefined).length, 1)
  })

  test('a dry run says what a run would do, and changes nothing', async () => {
    const account = await edge.openAccount(10_000)
    const named = { accountId: account.id, generationId: await create(account) }
    const { fence } = await lease(named)
    await finish(named, fence)
    now += 2000
    const plan = async () =>
      (await planReconcile({ ...edge.api, now: () => now })).filter((at) => at.accountId === account.id)
    const expected = { act: 'completed', accountId: account.id, id: named.generationId }
    assert.deepEqual(await plan(), [{ ...expected, why: 'succeeded, not settled and announced' }])
    assert.deepEqual((await plan()).length, 1)
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 2000)
    await sweep()
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
    assert.deepEqual(await plan(), [])
  })

  test('the function that is called with dry_run answers what a run would do, and changes nothing', async () => {
    const account = await edge.openAccount()
    const generationId = await create(account)
    // biome-ignore lint/style/noProcessEnv: the function's root reads its settings there
    Object.assign(process.env, edge.environment)
    const { handler } = await import('../../functions/reconcile/lambda.ts')
    const own = (found: Awaited<ReturnType<typeof handler>>) => found?.filter((each) => each.accountId === account.id)
    // Due by the machine's clock, which the function goes by.
    await rescheduleGeneration(edge.api.table, { accountId: account.id, generationId, reviewAt: 0 })
    const finding = { act: 'requeued', accountId: account.id, id: generationId, why: 'open, no news' }
    assert.deepEqual(own(await handler({ dry_run: true })), [finding])
    assert.deepEqual(own(await handler({ dry_run: true })), [finding])
    assert.equal(await handler(), undefined)
    assert.deepEqual(own(await handler({ dry_run: true })), [])
  })

  test('250 due deliveries are all sent, though none of them is claimed', async () => {
    const account = await edge.openAccount()
    for (let at = 0; at < 250; at++)
      await putDelivery(edge.api.table, {
        id: `evt_MANY${at}`,
        event_id: `evt_MANY${at}`,
        event_type: 'generation.succeeded',
        account_id: account.id,
        url: 'http://127.0.0.1:9/hook',
        body: '{}',
        state: 'pending',
        at: now,
      })
    const plan = await planReconcile({ ...edge.api, now: () => now })
    assert.equal(plan.filter((at) => at.act === 'deliveries' && at.accountId === account.id).length, 250)
    assert.ok((await sweep()).deliveries >= 250)
  })

  const templateOf = async (account: TestAccount): Promise<GenerationItem> => {
    const other = await edge.openAccount()
    const item = await getGeneration(edge.api.table, { accountId: other.id, generationId: await create(other) })
    assert.ok(item, account.id)
    return item
  }
})
