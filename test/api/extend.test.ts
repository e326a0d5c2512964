/** Extending: a finished search goes on where it ended, with its own hold and bill, and never gets worse. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 4 }
const PRICE = 20
const CREDIT = 100_000

describe('an extension', () => {
  let edge: Edge
  let account: TestAccount
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const post = (path: string, body: object) => edge.request('POST', path, { key: account.apiKey, body })
  const create = async (terms: object = {}): Promise<Generation> =>
    generationSchema.parse(await (await post('/v1/generations', { ...BODY, ...terms })).json())
  const extend = (id: string, body: object) => post(`/v1/generations/${id}/extend`, body)
  const work = async ({ id }: Generation): Promise<Generation> => {
    await createRunner(edge).work({ accountId: account.id, generationId: id })
    const response = await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
    return generationSchema.parse(await response.json())
  }
  const extended = async (id: string, body: object): Promise<Generation> => {
    const response = await extend(id, body)
    assert.equal(response.status, 202, await response.clone().text())
    return generationSchema.parse(await response.json())
  }
  const candidatesOf = async ({ id }: Generation) => {
    const redirect = await edge.request('GET', `/v1/generations/${id}/trace`, { key: account.apiKey })
    const text = await (await fetch(redirect.headers.get('location') ?? '')).text()
    return text
      .trimEnd()
      .split('\n')
      .map((line) => traceLineSchema.parse(JSON.parse(line)))
  }

  for (const search of ['rbf', 'best-of-n'])
    test(`of ${search} spends its own NFEs, evaluates nothing twice and is never worse`, async () => {
      account = await edge.openAccount(CREDIT)
      const first = await work(await create({ search }))
      assert.equal(first.extendable, true)
      const accepted = await extended(first.id, { nfe_budget: 30 })
      assert.deepEqual([accepted.extends, accepted.usage.nfe_held, accepted.seed], [first.id, 30, first.seed])
      const second = await work(accepted)
      assert.deepEqual([second.status, second.stop_reason, second.usage.nfe_used], ['succeeded', 'budget', 30])
      assert.ok((second.result?.reward ?? -Infinity) >= (first.result?.reward ?? 0))
      const third = await work(await extended(second.id, { nfe_budget: 20 }))
      assert.ok((third.result?.reward ?? -Infinity) >= (second.result?.reward ?? 0))

      const traces = await Promise.all([first, second, third].map(candidatesOf))
      assert.deepEqual(
        traces.map((lines) => lines.at(-1)?.nfe),
        [40, 30, 20],
      )
      const places = traces.flat().map(({ lane, step, candidate, t }) => [lane, step, candidate, t].join())
      assert.equal(new Set(places).size, places.length)
      const { balance_micro_usd: balance, spent_micro_usd: spent } = await edge.account(account.apiKey)
      assert.deepEqual([balance, spent], [CREDIT - 90 * PRICE, 90 * PRICE])
    })

  test('of the same search by the same NFEs gives the same image and receipt', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    const [one, other] = [
      await work(await extended(first.id, { nfe_budget: 25 })),
      await work(await extended(first.id, { nfe_budget: 25 })),
    ]
    assert.equal(one.outputs[0]?.sha256, other.outputs[0]?.sha256)
    assert.equal(one.usage.receipt_sha256, other.usage.receipt_sha256)
  })

  test('is refused while the search runs, and after one that did not spend its budget, and holds nothing then', async () => {
    account = await edge.openAccount(CREDIT)
    const waiting = await create()
    assert.equal((await extend(waiting.id, { nfe_budget: 10 })).status, 409)
    await post(`/v1/generations/${waiting.id}/cancel`, {})
    const refused = await extend(waiting.id, { nfe_budget: 10 })
    assert.equal(refused.status, 409)
    assert.equal(((await refused.json()) as { code: string }).code, 'not_extendable')
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })

  test('takes only what may be said anew, and only from its own account', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    assert.equal((await extend(first.id, { nfe_budget: 10, prompt: 'four bears' })).status, 422)
    assert.equal((await extend(first.id, { nfe_budget: 0 })).status, 422)
    assert.equal((await extend(first.id, { nfe_budget: 1_000_000 })).status, 422)
    account = await edge.openAccount(CREDIT)
    assert.equal((await extend(first.id, { nfe_budget: 10 })).status, 404)
  })
})
