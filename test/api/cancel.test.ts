/** Canceling: free before the start, billed for what was used after it, and never more than one ending. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { cancelGeneration } from '../../shared/stores/cancel-generation.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { leaseGeneration, releaseLease } from '../../shared/stores/generations.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 100, seed: 4 }
const PRICE = 20
const CREDIT = 100_000

describe('a canceled generation', () => {
  let edge: Edge
  /** Moves the clock beyond what the wall clock has moved. */
  let ahead = 0
  const now = () => Date.now() + ahead
  before(async () => {
    edge = await startEdge(now)
  })
  after(() => edge.close())

  const create = async (account: TestAccount, body: object = BODY) => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    assert.equal(response.status, 202)
    return { accountId: account.id, generationId: generationSchema.parse(await response.json()).id }
  }
  const get = async (account: TestAccount, id: string): Promise<Generation> => {
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    return generationSchema.parse(await response.json())
  }
  const cancel = (account: TestAccount, id: string) =>
    edge.request('POST', `/v1/generations/${id}/cancel`, { key: account.apiKey })
  const totals = async (account: TestAccount) => {
    const { balance_micro_usd, held_micro_usd, spent_micro_usd } = await edge.account(account.apiKey)
    return { balance: balance_micro_usd, held: held_micro_usd, spent: spent_micro_usd }
  }
  const untilMarkIsSeen = () => new Promise((resolve) => setTimeout(resolve, 800))

  test('that nobody has begun ends at once, is free, and its webhook is owed', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account, { ...BODY, webhook_url: 'http://127.0.0.1:9/hook' })
    const response = await cancel(account, named.generationId)
    assert.equal(response.status, 200)
    const generation = generationSchema.parse(await response.json())
    assert.equal(generation.status, 'canceled')
    assert.equal(generation.stop_reason, 'canceled')
    assert.deepEqual([generation.usage.nfe_used, generation.usage.receipt_sha256], [0, null])
    assert.equal(generation.usage.nfe_refunded, 100)
    assert.deepEqual(await totals(account), { balance: CREDIT, held: 0, spent: 0 })
    const delivery = await getDelivery(edge.api.table, {
      accountId: account.id,
      deliveryId: deliveryIdOf(named.generationId),
    })
    assert.equal(delivery?.event_type, 'generation.canceled')
    // Its message still comes; there is nothing to do.
    const runner = createRunner(edge)
    assert.deepEqual(await runner.work(named), { kind: 'delete' })
    assert.equal(runner.nfe(), 0)
  })

  test('at work stops soon, delivers its best so far and is billed for what was evaluated', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account)
    const runner = createRunner(edge, {
      beforeEvaluation: async (calls) => {
        if (calls !== 10) return
        const response = await cancel(account, named.generationId)
        assert.equal(response.status, 202)
        const asked = generationSchema.parse(await response.json())
        assert.equal(asked.status, 'running')
        assert.notEqual(asked.cancel_requested_at, null)
        await untilMarkIsSeen()
      },
    })
    assert.deepEqual(await runner.work(named), { kind: 'delete' })
    const generation = await get(account, named.generationId)
    assert.equal(generation.status, 'canceled')
    assert.equal(generation.outputs.length, 1)
    assert.equal(generation.outputs[0]?.reward, generation.result?.reward)
    const used = generation.usage.nfe_used
    assert.equal(used, runner.nfe())
    assert.ok(used >= 11 && used < 30, `${used} NFEs`)
    assert.deepEqual(await totals(account), { balance: CREDIT - used * PRICE, held: 0, spent: used * PRICE })
  })

  test('before its first candidate has nothing to show and nothing to pay', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account)
    const signal = AbortSignal.abort()
    const leased = await leaseGeneration(edge.api.table, { ...named, now: now(), leaseMs: 30_000 })
    assert.ok(leased.kind === 'leased')
    assert.equal((await cancel(account, named.generationId)).status, 202)
    // The runner is told to stop before it has seen the mark, and hands the generation back.
    assert.ok(await releaseLease(edge.api.table, { ...named, fence: leased.generation.fence }))
    const runner = createRunner(edge, { stopping: signal })
    assert.deepEqual(await runner.work(named), { kind: 'delete' })
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.usage.nfe_used, generation.outputs], ['canceled', 0, []])
    assert.deepEqual(await totals(account), { balance: CREDIT, held: 0, spent: 0 })
  })

  test('whose runner died is ended by reconcile, free, and the dead runner can write nothing more', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account)
    const leased = await leaseGeneration(edge.api.table, { ...named, now: now(), leaseMs: 1000 })
    assert.ok(leased.kind === 'leased')
    assert.equal((await cancel(account, named.generationId)).status, 202)
    ahead += 10_000
    await reconcile({ ...edge.api, now })
    const generation = await get(account, named.generationId)
    assert.deepEqual([generation.status, generation.usage.nfe_used], ['canceled', 0])
    assert.equal(await releaseLease(edge.api.table, { ...named, fence: leased.generation.fence }), false)
    assert.deepEqual(await totals(account), { balance: CREDIT, held: 0, spent: 0 })
  })

  test('is canceled again without any change; one that ended otherwise answers 409', async () => {
    const account = await edge.openAccount(CREDIT)
    const canceled = await create(account)
    const first = await cancel(account, canceled.generationId)
    const again = await cancel(account, canceled.generationId)
    assert.deepEqual([first.status, again.status], [200, 200])
    assert.deepEqual(await again.json(), await first.json())

    const finished = await create(account)
    await createRunner(edge).work(finished)
    const refused = await cancel(account, finished.generationId)
    assert.equal(refused.status, 409)
    const problem = (await refused.json()) as Record<string, unknown>
    assert.deepEqual([problem['code'], problem['retryable']], ['already_ended', false])
    assert.equal((await get(account, finished.generationId)).cancel_requested_at, null)
  })

  test('of another account is not found', async () => {
    const [owner, stranger] = [await edge.openAccount(), await edge.openAccount()]
    const named = await create(owner)
    assert.equal((await cancel(stranger, named.generationId)).status, 404)
    assert.equal((await get(owner, named.generationId)).status, 'queued')
  })

  test('while it ends, ends once and is charged once, whichever comes first', async () => {
    const account = await edge.openAccount(CREDIT)
    let charged = 0
    for (let round = 0; round < 6; round++) {
      const named = await create(account, { ...BODY, nfe_budget: 12 })
      // Each round cancels a little later, from before the first evaluation to after the end.
      const cancels: Promise<Response>[] = []
      const runner = createRunner(edge, {
        beforeEvaluation: async (calls) => {
          if (calls === 2 * round) cancels.push(cancel(account, named.generationId))
          return undefined
        },
      })
      await runner.work(named)
      const statuses = (await Promise.all(cancels)).map(({ status }) => status)
      const generation = await get(account, named.generationId)
      assert.ok(['succeeded', 'canceled'].includes(generation.status))
      assert.ok(statuses.every((status) => [200, 202, 409].includes(status)))
      assert.equal(generation.usage.nfe_used, runner.nfe())
      charged += generation.usage.price_micro_usd
    }
    assert.deepEqual(await totals(account), { balance: CREDIT - charged, held: 0, spent: charged })
  })

  test('asked by many at once ends once', async () => {
    const account = await edge.openAccount(CREDIT)
    const named = await create(account)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => cancelGeneration(edge.api.table, { ...named, now: now(), reviewAt: now() })),
    )
    assert.equal(outcomes.filter(({ kind }) => kind === 'ended here').length, 1)
    assert.equal(outcomes.filter(({ kind }) => kind === 'had ended').length, 7)
  })
})
