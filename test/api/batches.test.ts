/** Batches: all lines held in one act or none, each settled alone, and none lost or made twice, wherever an edge stops. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApi } from '../../functions/api/app.ts'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type Batch, batchResultSchema, batchSchema, MAX_BATCH_LINES } from '../../shared/contract/batch.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'
import { createRunner } from './work.ts'

const PROMPT = 'seven balloons and four bears'
const PRICE = 20
/** The rate's count, the hold and the batch item. */
const WRITTEN = 3

describe('a batch', () => {
  let edge: Edge
  let ahead = 0
  const now = () => Date.now() + ahead
  before(async () => {
    edge = await startEdge(now)
  })
  after(() => edge.close())

  const linesOf = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, at) =>
      JSON.stringify({ id: `line-${at}`, prompt: PROMPT, seed: at, ...more }),
    ).join('\n')
  const post = (
    account: TestAccount,
    { body, query = '', headers = {} }: { body: string; query?: string; headers?: object },
  ) =>
    edge.request('POST', `/v1/batches${query}`, {
      key: account.apiKey,
      body,
      headers: { 'content-type': 'application/jsonl', ...headers },
    })
  const batchOf = async (response: Response, status = 202): Promise<Batch> => {
    assert.equal(response.status, status, await response.clone().text())
    return batchSchema.parse(await response.json())
  }
  const get = async (account: TestAccount, id: string) =>
    batchOf(await edge.request('GET', `/v1/batches/${id}`, { key: account.apiKey }), 200)
  const resultsOf = async (account: TestAccount, id: string) => {
    const response = await edge.request('GET', `/v1/batches/${id}/results`, { key: account.apiKey })
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson')
    const rows = (await response.text()).trimEnd().split('\n')
    return rows.map((row) => batchResultSchema.parse(JSON.parse(row)))
  }
  const totals = async (account: TestAccount) => {
    const item = await getAccount(edge.api.table, account.id)
    assert.ok(item)
    assert.equal(item.balance_micro_usd + item.held_micro_usd + item.spent_micro_usd, item.credited_micro_usd)
    return { held: item.held_micro_usd, spent: item.spent_micro_usd, holds: Object.keys(item.holds) }
  }
  const work = (account: TestAccount, generationId: string) =>
    createRunner(edge, { now }).work({ accountId: account.id, generationId })

  test('shares its budget, is worked on line by line, and shows progress, bill and results in order', async () => {
    const account = await edge.openAccount()
    const queued = await edge.queued()
    const body = `${linesOf(3)}\n${JSON.stringify({ prompt: PROMPT, nfe_budget: 40, seed: 9 })}\n`
    const batch = await batchOf(await post(account, { body, query: '?nfe_budget=110' }))
    // 40 are named; three lines share 70, so 23 each.
    assert.equal(batch.usage.nfe_held, 3 * 23 + 40)
    assert.deepEqual([batch.status, batch.lines, batch.progress.queued], ['open', 4, 4])
    assert.equal((await edge.queued()) - queued, 4)
    assert.equal((await totals(account)).held, 109 * PRICE)
    const results = await resultsOf(account, batch.id)
    assert.deepEqual(
      results.map(({ id }) => id),
      ['line-0', 'line-1', 'line-2', null],
    )
    assert.deepEqual(
      results.map(({ generation }) => generation?.batch),
      results.map((_, line) => ({ id: batch.id, line })),
    )
    for (const { generation_id: id } of results.slice(0, 3)) await work(account, id)
    const half = await get(account, batch.id)
    assert.deepEqual([half.status, half.progress.succeeded, half.progress.queued], ['open', 3, 1])
    await work(account, results[3]?.generation_id ?? '')
    const ended = await get(account, batch.id)
    assert.equal(ended.status, 'ended')
    assert.ok(ended.finished_at)
    const { nfe_held: held, nfe_used: used, nfe_refunded: refunded, price_micro_usd: price } = ended.usage
    assert.deepEqual([held, refunded, price], [109, held - used, used * PRICE])
    assert.deepEqual(await totals(account), { held: 0, spent: price, holds: [] })
    const listed = await edge.request('GET', `/v1/generations?batch=${batch.id}`, { key: account.apiKey })
    assert.equal(((await listed.json()) as { data: unknown[] }).data.length, 4)
  })

  test('above the balance is refused whole', async () => {
    const account = await edge.openAccount(99 * PRICE)
    const response = await post(account, { body: linesOf(10), query: '?nfe_budget=100' })
    assert.equal(response.status, 402)
    const problem = problemSchema.parse(await response.json())
    assert.deepEqual([problem.nfe_required, problem.nfe_available], [100, 99])
    assert.deepEqual(await totals(account), { held: 0, spent: 0, holds: [] })
  })

  for (const [what, body, query, pointers] of [
    ['a line that is no JSON', '{"prompt": "one bear"}\n{"prom', '?nfe_budget=100', ['/1']],
    [
      'faults in two lines',
      `${JSON.stringify({ prompt: 5 })}\n${JSON.stringify({ prompt: PROMPT, colour: 1 })}`,
      '?nfe_budget=9',
      ['/0/prompt', '/1/colour'],
    ],
    [
      'a prompt the pack cannot draw',
      `${linesOf(1)}\n${JSON.stringify({ prompt: 'the meaning of life' })}`,
      '?nfe_budget=100',
      ['/1/prompt'],
    ],
    ['no budget at all', linesOf(2), '', ['/0/nfe_budget', '/1/nfe_budget']],
    ['a budget below its lines', linesOf(2, { nfe_budget: 60 }), '?nfe_budget=100', ['/nfe_budget']],
    ['two lines of one id', `${linesOf(1)}\n${linesOf(1)}`, '?nfe_budget=100', ['/1/id']],
    ['too many lines', linesOf(MAX_BATCH_LINES + 1), '?nfe_budget=1000', ['']],
    ['an unknown parameter', linesOf(1), '?nfe_budget=10&nfe=3', ['/nfe']],
  ] as const)
    test(`with ${what} is refused whole`, async () => {
      const account = await edge.openAccount()
      const response = await post(account, { body, query })
      assert.equal(response.status, 422)
      const problem = problemSchema.parse(await response.json())
      assert.deepEqual(
        problem.errors?.map(({ pointer }) => pointer),
        pointers,
      )
      assert.deepEqual(await totals(account), { held: 0, spent: 0, holds: [] })
    })

  test('without a line, of another type or too large is refused', async () => {
    const account = await edge.openAccount()
    assert.equal((await post(account, { body: '\n\n' })).status, 400)
    assert.equal((await post(account, { body: '{}', headers: { 'content-type': 'application/json' } })).status, 415)
    assert.equal((await post(account, { body: linesOf(90, { metadata: { a: 'x'.repeat(4000) } }) })).status, 413)
  })

  test("is its account's own", async () => {
    const [account, other] = [await edge.openAccount(), await edge.openAccount()]
    const { id } = await batchOf(await post(account, { body: linesOf(2), query: '?nfe_budget=20' }))
    for (const path of [`/v1/batches/${id}`, `/v1/batches/${id}/results`])
      assert.equal((await edge.request('GET', path, { key: other.apiKey })).status, 404)
    assert.equal((await edge.request('POST', `/v1/batches/${id}/cancel`, { key: other.apiKey })).status, 404)
    const page = (await (await edge.request('GET', '/v1/batches', { key: other.apiKey })).json()) as { data: unknown[] }
    assert.deepEqual(page.data, [])
  })

  test('is listed in pages, and canceled line by line: free for what had not begun', async () => {
    const account = await edge.openAccount()
    const first = await batchOf(await post(account, { body: linesOf(2), query: '?nfe_budget=80' }))
    ahead += 5
    const second = await batchOf(await post(account, { body: linesOf(1), query: '?nfe_budget=20' }))
    const page = async (query: string) =>
      (await (await edge.request('GET', `/v1/batches${query}`, { key: account.apiKey })).json()) as {
        data: Batch[]
        next_cursor: string | null
      }
    const newest = await page('?limit=1')
    assert.deepEqual(
      newest.data.map(({ id }) => id),
      [second.id],
    )
    assert.deepEqual(
      (await page(`?limit=1&cursor=${newest.next_cursor}`)).data.map(({ id }) => id),
      [first.id],
    )
    const [done] = await resultsOf(account, first.id)
    await work(account, done?.generation_id ?? '')
    const canceled = await batchOf(
      await edge.request('POST', `/v1/batches/${first.id}/cancel`, { key: account.apiKey }),
    )
    assert.deepEqual([canceled.status, canceled.progress.succeeded, canceled.progress.canceled], ['ended', 1, 1])
    assert.deepEqual((await totals(account)).held, 20 * PRICE)
  })

  for (let writes = 1; writes <= WRITTEN + 4; writes++)
    test(`whose edge stopped after ${writes} writes is given back whole or made whole, once`, async () => {
      const account = await edge.openAccount()
      await edge.account(account.apiKey)
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/jsonl' },
        body: linesOf(3),
      }
      await createApi(stopAfter(edge.api, writes)).request('/v1/batches?nfe_budget=60', init)
      ahead += 61_000
      await reconcile({ ...edge.api, now })
      await reconcile({ ...edge.api, now })
      const { holds } = await totals(account)
      assert.equal(holds.length, writes >= WRITTEN ? 3 : 0)
      const listed = await edge.request('GET', '/v1/generations', { key: account.apiKey })
      const { data } = (await listed.json()) as { data: { id: string }[] }
      assert.deepEqual(data.map(({ id }) => id).toSorted(), holds.toSorted())
    })

  for (const writes of [2, 3, 4, 6])
    test(`that stopped after ${writes} writes is resumed by its Idempotency-Key as the same batch`, async () => {
      const account = await edge.openAccount()
      await edge.account(account.apiKey)
      const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `batch-${writes}` }
      const init = {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${account.apiKey}` },
        body: linesOf(3),
      }
      await createApi(stopAfter(edge.api, writes)).request('/v1/batches?nfe_budget=60', init)
      ahead += 31_000
      const again = () => post(account, { body: linesOf(3), query: '?nfe_budget=60', headers })
      const resumed = await batchOf(await again())
      assert.equal((await batchOf(await again())).id, resumed.id)
      const results = await resultsOf(account, resumed.id)
      assert.deepEqual((await totals(account)).holds.toSorted(), results.map((each) => each.generation_id).toSorted())
      assert.deepEqual(
        results.map(({ generation }) => generation?.status),
        ['queued', 'queued', 'queued'],
      )
    })

  test(`of ${MAX_BATCH_LINES} lines is held in one act`, async () => {
    const account = await edge.openAccount(MAX_BATCH_LINES * 10 * PRICE)
    const batch = await batchOf(await post(account, { body: linesOf(MAX_BATCH_LINES), query: '?nfe_budget=1000' }))
    assert.deepEqual([batch.lines, batch.progress.queued], [MAX_BATCH_LINES, MAX_BATCH_LINES])
    assert.equal((await totals(account)).holds.length, MAX_BATCH_LINES)
  })
})
