/** Accounts under races and repetition: balance + held + spent = credited, and nothing is held or charged twice. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generationSchema } from '../../shared/contract/generation.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import { creditAccount } from '../../shared/stores/credits.ts'
import { holdBudget, settleHold } from '../../shared/stores/holds.ts'
import { type Edge, startEdge } from './edge.ts'

const PROMPT = 'seven balloons and four bears'

describe('an account', () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const totals = async (apiKey: string) => {
    const account = await edge.account(apiKey)
    const { balance_micro_usd: balance = 0, held_micro_usd: held = 0, spent_micro_usd: spent = 0 } = account
    assert.equal(balance + held + spent, account['credited_micro_usd'])
    return { balance, held, spent }
  }

  test('never holds more than its balance, however many ask at once', async () => {
    // 50 requests of 50 NFEs (1,000 micro-dollars) on a balance for 17 of them.
    const { apiKey } = await edge.openAccount(17_600)
    const body = { prompt: PROMPT, nfe_budget: 50 }
    const before_ = await edge.queued()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => edge.request('POST', '/v1/generations', { key: apiKey, body })),
    )
    assert.equal(answers.filter(({ status }) => status === 202).length, 17)
    assert.equal(answers.filter(({ status }) => status === 402).length, 33)
    assert.deepEqual(await totals(apiKey), { balance: 600, held: 17_000, spent: 0 })
    assert.equal((await edge.queued()) - before_, 17)
  })

  test('is not held twice for one generation, nor settled twice', async () => {
    const { id: accountId, apiKey } = await edge.openAccount(1000)
    const key = { id: 'key_A', nfe_per_day: null, nfe_per_month: null }
    const request = { accountId, generationId: 'gen_A', key, microUsd: 400, nfe: 20, at: 1, createdAt: 1, reviewAt: 2 }
    const hold = { micro_usd: 400, nfe: 20, at: 1, key_id: 'key_A', day: '1970-01-01' }
    assert.deepEqual(await holdBudget(edge.api.table, request), { kind: 'held', hold })
    assert.deepEqual(await holdBudget(edge.api.table, { ...request, at: 5 }), { kind: 'held', hold })
    assert.deepEqual(await totals(apiKey), { balance: 600, held: 400, spent: 0 })
    const settle = { accountId, generationId: 'gen_A', hold, used: { nfe: 5, microUsd: 100 } }
    const settled = await Promise.all(Array.from({ length: 8 }, () => settleHold(edge.api.table, settle)))
    assert.equal(settled.filter(Boolean).length, 1)
    assert.deepEqual(await totals(apiKey), { balance: 900, held: 0, spent: 100 })
  })

  test('cannot be charged above its hold', async () => {
    const hold = { micro_usd: 100, nfe: 5, key_id: 'key', day: '2026-01-01' }
    const settle = { accountId: 'acct', generationId: 'gen', hold, used: { nfe: 5, microUsd: 101 } }
    await assert.rejects(settleHold(edge.api.table, settle), RangeError)
  })

  test('is credited once for one credit id, and told when the amount differs', async () => {
    const { id: accountId, apiKey } = await edge.openAccount(0)
    const credit = { accountId, id: 'payment-1', microUsd: 500, at: 1 }
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => creditAccount(edge.api.table, credit)))
    assert.equal(outcomes.filter((outcome) => outcome === 'credited').length, 1)
    assert.equal(await creditAccount(edge.api.table, { ...credit, microUsd: 600 }), 'other amount')
    assert.equal(await creditAccount(edge.api.table, { ...credit, accountId: 'acct_nobody' }), 'no account')
    assert.deepEqual(await totals(apiKey), { balance: 500, held: 0, spent: 0 })
  })

  test("cannot see another account's generation", async () => {
    const [mine, other] = [await edge.openAccount(), await edge.openAccount()]
    const body = { prompt: PROMPT, nfe_budget: 50 }
    const created = await edge.request('POST', '/v1/generations', { key: mine.apiKey, body })
    const { id } = generationSchema.parse(await created.json())
    assert.equal((await edge.request('GET', `/v1/generations/${id}`, { key: mine.apiKey })).status, 200)
    assert.equal((await edge.request('GET', `/v1/generations/${id}`, { key: other.apiKey })).status, 404)
  })

  test('its key is stored as an HMAC only', async () => {
    const { apiKey, id } = await edge.openAccount()
    const stored = JSON.stringify(await getAccount(edge.api.table, id))
    assert.ok(!stored.includes(apiKey))
  })

  test('shows the counts read from the prompt, and takes them said instead', async () => {
    const { apiKey } = await edge.openAccount()
    const read = { prompt: 'Seven balloons, 2 bears and a red cube on a blue background', nfe_budget: 10 }
    const said = { ...read, reward: { name: 'count', counts: { swans: 3 } } }
    const rewardOf = async (body: object) => {
      const response = await edge.request('POST', '/v1/generations', { key: apiKey, body })
      return generationSchema.parse(await response.json()).reward
    }
    assert.deepEqual(await rewardOf(read), { name: 'count', counts: { balloon: 7, bear: 2, 'red cube': 1 } })
    assert.deepEqual(await rewardOf(said), { name: 'count', counts: { swan: 3 } })
  })
})
