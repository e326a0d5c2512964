/** Every search that the API offers runs, spends no more than was held, and is billed by its trace. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generationSchema } from '../../shared/contract/generation.ts'
import { SEARCH_NAMES } from '../../shared/contract/search-names.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

describe('a generation', () => {
  let edge: Edge
  let account: TestAccount
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount(1_000_000)
  })
  after(() => edge.close())

  for (const search of SEARCH_NAMES)
    test(`by ${search} succeeds within its budget`, async () => {
      const body = { prompt: 'seven balloons and four bears', nfe_budget: 57, seed: 3, search }
      const created = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
      assert.equal(created.status, 202, await created.clone().text())
      const { id } = generationSchema.parse(await created.json())
      const runner = createRunner(edge)
      await runner.work({ accountId: account.id, generationId: id })
      const answer = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
      const { status, usage, trace, outputs } = generationSchema.parse(await answer.json())
      assert.equal(status, 'succeeded')
      assert.equal(usage.nfe_used, runner.nfe())
      assert.ok(usage.nfe_used >= 1 && usage.nfe_used <= 57)
      assert.equal(usage.receipt_sha256, trace?.sha256)
      assert.equal(outputs.length, 1)
    })

  test('by a name that is no search, or by one that the reward has no gradient graph for, is refused', async () => {
    for (const search of ['none', 'gradient']) {
      const body = { prompt: 'four bears', nfe_budget: 10, search, reward: 'colorfulness' }
      const refused = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
      assert.equal(refused.status, 422)
    }
  })
})
