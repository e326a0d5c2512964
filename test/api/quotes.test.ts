/** Quotes: the price that is then held, what the account's own past says, and nothing left behind. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { type QuoteView, quoteSchema } from '../../shared/contract/quote.ts'
import { type Band, bandOf, expectFrom, MIN_SAMPLES } from '../../shared/domain/expectation.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import { getGeneration } from '../../shared/stores/generations.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 4 }
const PRICE = 20

const bandWith = (facts: Partial<Band>): Band => ({
  samples: MIN_SAMPLES,
  nfeBudget: 300,
  nfeUsed: 300,
  rewardSum: -3,
  exact: 0,
  milliseconds: 30_000,
  ...facts,
})

describe('an expectation', () => {
  test('is none without enough samples at such a budget', () => {
    assert.equal(expectFrom(new Map(), 100), undefined)
    assert.equal(expectFrom(new Map([[6, bandWith({ samples: MIN_SAMPLES - 1 })]]), 100), undefined)
    assert.equal(expectFrom(new Map([[7, bandWith({})]]), 100), undefined)
  })

  test('is the mean of its band, time over all bands, and has no gain without a smaller band', () => {
    const expected = expectFrom(new Map([[6, bandWith({ exact: 1, nfeUsed: 150 })]]), 100)
    assert.deepEqual(expected, { samples: 3, nfeUsed: 50, seconds: 10, reward: -1, exactShare: 1 / 3 })
  })

  test('gains what the nearest smaller band with enough samples had less', () => {
    const bands = new Map([
      [3, bandWith({ rewardSum: -9 })],
      [4, bandWith({ rewardSum: -6, nfeBudget: 60 })],
      [5, bandWith({ samples: 1, rewardSum: 0 })],
      [6, bandWith({})],
      [7, bandWith({ rewardSum: 0 })],
    ])
    assert.deepEqual(expectFrom(bands, 127)?.gain, { reward: 1, nfeBudget: 20, samples: 3 })
  })

  test('bands are factors of two', () => {
    assert.deepEqual([1, 2, 3, 4, 63, 64, 127, 128].map(bandOf), [0, 1, 1, 2, 5, 6, 6, 7])
  })
})

describe('a quote', () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const ask = (account: TestAccount, body: object = BODY) =>
    edge.request('POST', '/v1/quotes', { key: account.apiKey, body })
  const quote = async (account: TestAccount, body: object = BODY): Promise<QuoteView> => {
    const response = await ask(account, body)
    assert.equal(response.status, 200)
    return quoteSchema.parse(await response.json())
  }
  const run = async (account: TestAccount, body: object = BODY) => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    const { id } = generationSchema.parse(await response.json())
    const named = { accountId: account.id, generationId: id }
    await createRunner(edge).work(named)
    const ended = await getGeneration(edge.api.table, named)
    assert.ok(ended)
    return ended
  }

  test('says the price that is held, expects nothing without a past, and changes nothing', async () => {
    const account = await edge.openAccount()
    const before_ = { account: await edge.account(account.apiKey), queued: await edge.queued() }
    const quoted = await quote(account)
    assert.deepEqual([quoted.max_price_micro_usd, quoted.covered, quoted.expected], [40 * PRICE, true, null])
    assert.deepEqual({ account: await edge.account(account.apiKey), queued: await edge.queued() }, before_)
    await edge.request('POST', '/v1/generations', { key: account.apiKey, body: BODY })
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], quoted.max_price_micro_usd)
  })

  test('says that the balance does not cover it', async () => {
    assert.equal((await quote(await edge.openAccount(40 * PRICE - 1))).covered, false)
    assert.equal((await quote(await edge.openAccount(40 * PRICE))).covered, true)
  })

  test('refuses what the generation would refuse', async () => {
    const account = await edge.openAccount()
    const body = { ...BODY, prompt: 'the meaning of life', nfe_budget: 2001 }
    const response = await ask(account, body)
    assert.equal(response.status, 422)
    const pointers = problemSchema.parse(await response.json()).errors?.map(({ pointer }) => pointer)
    assert.deepEqual(pointers, ['/nfe_budget', '/prompt'])
  })

  test("expects what the account's own searches took and brought, each counted once", async () => {
    const [account, other] = [await edge.openAccount(), await edge.openAccount()]
    const ended = []
    for (let seed = 0; seed < MIN_SAMPLES; seed++) ended.push(await run(account, { ...BODY, seed }))
    // A message that comes again, and reconcile beside it.
    for (const generation of ended) await completeGeneration(edge.api, generation)
    const { expected } = await quote(account)
    assert.ok(expected)
    const mean = ended.reduce((sum, { result }) => sum + (result?.reward ?? 0), 0) / ended.length
    assert.equal(expected.samples, MIN_SAMPLES)
    assert.ok(Math.abs(expected.reward - mean) < 1e-9)
    assert.deepEqual([expected.nfe_used, expected.price_micro_usd, expected.gain], [40, 40 * PRICE, null])
    assert.ok(expected.duration_seconds >= 0)
    assert.equal((await quote(account, { ...BODY, search: 'best-of-n' })).expected, null)
    assert.equal((await quote(account, { ...BODY, nfe_budget: 100 })).expected, null)
    assert.equal((await quote(other)).expected, null)
  })

  test('says what a larger budget brought over a smaller one', async () => {
    const account = await edge.openAccount()
    for (const nfe_budget of [40, 160])
      for (let seed = 0; seed < MIN_SAMPLES; seed++) await run(account, { ...BODY, seed, nfe_budget })
    const { expected } = await quote(account, { ...BODY, nfe_budget: 160 })
    assert.deepEqual([expected?.gain?.over_nfe_budget, expected?.gain?.samples], [40, MIN_SAMPLES])
  })
})
