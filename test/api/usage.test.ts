/** Usage by day: its sum is what the statements charge, its rows are one price each. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { StatementView, UsageReport } from '../../shared/contract/statement.ts'
import { usageReportSchema } from '../../shared/contract/statement.ts'
import { type Books, BUDGET, openBooks } from './books.ts'
import type { TestAccount } from './edge.ts'

describe('usage', () => {
  let books: Books
  let account: TestAccount
  before(async () => {
    books = await openBooks()
    books.setTime('2026-11-29T12:00:00Z')
    account = await books.edge.openAccount(1_000_000)
    await books.search(account)
    await books.search(account, { priority: 'low' })
    // The last millisecond of a day and the first of the next are different days, and months.
    books.setTime('2026-11-30T23:59:59.999Z')
    await books.search(account)
    books.setTime('2026-12-01T00:00:00.000Z')
    await books.search(account)
    books.setTime('2026-12-05T09:00:00Z')
    await books.search(account)
  })
  after(() => books.edge.close())

  const usage = async (query: string) => {
    const report = await books.get<UsageReport>(`/v1/account/usage${query}`, account.apiKey)
    usageReportSchema.parse(report)
    for (const row of report.data) assert.equal(row.nfe_used * row.price_micro_usd_per_nfe, row.price_micro_usd)
    return report
  }
  const days = ({ data }: UsageReport) => data.map((row) => [row.date, row.priority, row.nfe_used, row.price_micro_usd])

  test('is shown by day and price, each with its price list', async () => {
    const report = await usage('?from=2026-11-29&to=2026-12-05')
    assert.deepEqual(days(report), [
      ['2026-11-29', 'low', BUDGET, BUDGET * 10],
      ['2026-11-29', 'standard', BUDGET, BUDGET * 20],
      ['2026-11-30', 'standard', BUDGET, BUDGET * 20],
      ['2026-12-01', 'standard', BUDGET, BUDGET * 20],
      ['2026-12-05', 'standard', BUDGET, BUDGET * 20],
    ])
    assert.ok(report.data.every((row) => row.price_list === '2026-01' && row.key_id === null && row.pack === null))
    assert.deepEqual(report.total, { generations: 5, nfe_used: 5 * BUDGET, price_micro_usd: BUDGET * 90 })
  })

  test('of all days of the months is what their statements charge', async () => {
    const report = await usage('?from=2026-11-01&to=2026-12-31')
    const charged = await Promise.all(
      ['2026-11', '2026-12'].map((month) =>
        books.get<StatementView>(`/v1/account/statements/${month}`, account.apiKey),
      ),
    )
    assert.equal(
      report.total.price_micro_usd,
      charged.reduce((total, { charged_micro_usd }) => total + charged_micro_usd, 0),
    )
  })

  test('is that of the running month unless it is asked otherwise', async () => {
    const report = await usage('')
    assert.deepEqual([report.from, report.to], ['2026-12-01', '2026-12-05'])
    assert.equal(report.total.generations, 2)
  })

  test('is split by key and by pack', async () => {
    const keyed = await usage('?group_by=key')
    assert.ok(keyed.data.every((row) => row.key_id === account.keyId && row.pack === null))
    const both = await usage('?group_by=key,pack')
    assert.ok(both.data.every((row) => row.key_id === account.keyId && row.pack === 'emoji-world'))
    assert.deepEqual(both.total, keyed.total)
  })

  test('of a key is there when the key is gone', async () => {
    const issued = await books.edge.request('POST', `/v1/admin/accounts/${account.id}/keys`, {
      key: books.edge.adminKey,
      body: { name: 'Short-lived' },
    })
    const { api_key, key_id } = (await issued.json()) as { api_key: string; key_id: string }
    await books.search(account, {}, api_key)
    await books.edge.request('DELETE', `/v1/admin/accounts/${account.id}/keys/${key_id}`, { key: books.edge.adminKey })
    const { data } = await usage('?group_by=key')
    assert.equal(data.find((row) => row.key_id === key_id)?.nfe_used, BUDGET)
  })

  test('comes as CSV, and for the administration', async () => {
    const path = `/v1/admin/accounts/${account.id}/usage?from=2026-11-29&to=2026-11-30&format=csv`
    const response = await books.edge.request('GET', path, { key: books.edge.adminKey })
    assert.equal(
      await response.text(),
      [
        'date,key_id,pack,priority,price_list,price_micro_usd_per_nfe,generations,nfe_used,price_micro_usd',
        `2026-11-29,,,low,2026-01,10,1,${BUDGET},${BUDGET * 10}`,
        `2026-11-29,,,standard,2026-01,20,1,${BUDGET},${BUDGET * 20}`,
        `2026-11-30,,,standard,2026-01,20,1,${BUDGET},${BUDGET * 20}`,
        '',
      ].join('\r\n'),
    )
  })

  for (const query of [
    '?from=2026-12-02&to=2026-12-01',
    '?from=2026-01-01&to=2026-12-01',
    '?from=2026-02-30',
    '?day=1',
  ])
    test(`refuses ${query}`, async () => {
      const response = await books.edge.request('GET', `/v1/account/usage${query}`, { key: account.apiKey })
      assert.equal(response.status, 422)
    })

  test('is priced by lists that stay readable', async () => {
    const { data } = await books.get<{ data: Record<string, Record<string, object>>[] }>(
      '/v1/price-lists',
      account.apiKey,
    )
    assert.equal(data[0]?.['version'], '2026-01')
    assert.deepEqual(data[0]?.['classes_micro_usd_per_nfe'], {
      small: { standard: 20, low: 10 },
      medium: { standard: 60, low: 30 },
      large: { standard: 200, low: 100 },
    })
    assert.deepEqual(data[0]?.['packs_micro_usd_per_nfe']?.['emoji-world'], { standard: 20, low: 10 })
  })
})
