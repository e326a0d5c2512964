/** Statements and invoices: they add up, they agree with the account at every instant, and a closed month stays what it was. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type InvoiceView,
  invoiceSchema,
  type StatementView,
  statementSchema,
} from '../../shared/contract/statement.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import { appendLedger, settleEntry } from '../../shared/stores/ledger.ts'
import { type Books, BUDGET, openBooks } from './books.ts'
import { endUnsettled } from './work.ts'

const sum = (lines: readonly { price_micro_usd: number }[]) =>
  lines.reduce((total, { price_micro_usd: amount }) => total + amount, 0)

/** What must hold in any statement. */
const checkStatement = (statement: StatementView): void => {
  statementSchema.parse(statement)
  for (const { nfe_used, price_micro_usd_per_nfe, price_micro_usd } of statement.charges)
    assert.equal(nfe_used * price_micro_usd_per_nfe, price_micro_usd)
  assert.equal(sum(statement.charges), statement.charged_micro_usd)
  assert.equal(
    statement.opening_micro_usd + statement.credited_micro_usd - statement.charged_micro_usd,
    statement.closing_micro_usd,
  )
}

describe('a statement', () => {
  let books: Books
  before(async () => {
    books = await openBooks()
  })
  after(() => books.edge.close())

  const statementOf = async (key: string, month: string) => {
    const statement = await books.get<StatementView>(`/v1/account/statements/${month}`, key)
    checkStatement(statement)
    return statement
  }

  test('says what each key used of each pack at each price, and adds up to the account', async () => {
    const account = await books.edge.openAccount(100_000)
    const issued = await books.edge.request('POST', `/v1/admin/accounts/${account.id}/keys`, {
      key: books.edge.adminKey,
      body: { name: 'Second' },
    })
    const second = (await issued.json()) as { api_key: string; key_id: string }
    await books.search(account)
    await books.search(account)
    await books.search(account, { priority: 'low' })
    await books.search(account, {}, second.api_key)
    const canceled = await books.create(account.apiKey)
    await books.edge.request('POST', `/v1/generations/${canceled}/cancel`, { key: account.apiKey })
    await books.create(account.apiKey)
    const statement = await statementOf(account.apiKey, '2026-11')
    const totals = await books.edge.account(account.apiKey)
    assert.equal(statement.charged_micro_usd, totals['spent_micro_usd'])
    assert.equal(statement.closing_micro_usd, (totals['balance_micro_usd'] ?? 0) + (totals['held_micro_usd'] ?? 0))
    assert.equal(statement.status, 'open')
    assert.deepEqual(
      statement.credits.map(({ id, micro_usd }) => [id, micro_usd]),
      [['opening', 100_000]],
    )
    const lines = statement.charges.map(({ key_id, pack, priority, generations, nfe_used, ...price }) => [
      [key_id === second.key_id ? 'second' : 'first', pack, priority, generations, nfe_used],
      [price.price_list, price.price_micro_usd_per_nfe],
    ])
    assert.deepEqual(lines.toSorted(), [
      [
        ['first', 'emoji-world', 'low', 1, BUDGET],
        ['2026-01', 10],
      ],
      // Two that were searched, and the canceled one, which was free.
      [
        ['first', 'emoji-world', 'standard', 3, 2 * BUDGET],
        ['2026-01', 20],
      ],
      [
        ['second', 'emoji-world', 'standard', 1, BUDGET],
        ['2026-01', 20],
      ],
    ])
  })

  test('agrees with the account at every instant, while generations are held, searched and settled', async () => {
    const account = await books.edge.openAccount(1_000_000)
    const unspent = async () => {
      const totals = await books.edge.account(account.apiKey)
      return (totals['credited_micro_usd'] ?? 0) - (totals['spent_micro_usd'] ?? 0)
    }
    let busy = true
    const work = async () => {
      for (let at = 0; at < 6; at++) await books.search(account)
    }
    const working = Promise.all([work(), work(), work()]).finally(() => {
      busy = false
    })
    let read = 0
    while (busy) {
      const most = await unspent()
      const { closing_micro_usd: closing } = await statementOf(account.apiKey, '2026-11')
      const least = await unspent()
      // The one a reader sees lies between what the account showed before and after.
      assert.ok(least <= closing && closing <= most, `${least} <= ${closing} <= ${most}`)
      read++
    }
    await working
    assert.ok(read > 3)
    assert.equal((await statementOf(account.apiKey, '2026-11')).closing_micro_usd, await unspent())
    assert.equal(await unspent(), 1_000_000 - 18 * BUDGET * 20)
  })

  test('leaves out a settlement that is in the ledger and not on the account yet', async () => {
    const account = await books.edge.openAccount(100_000)
    const named = { accountId: account.id, generationId: await books.create(account.apiKey) }
    const generation = await endUnsettled(books.edge, { ...named, nfeUsed: 10 })
    await appendLedger(books.edge.api.table, settleEntry(generation))
    assert.equal((await statementOf(account.apiKey, '2026-11')).charged_micro_usd, 0)
    await completeGeneration(books.edge.api, generation)
    assert.equal((await statementOf(account.apiKey, '2026-11')).charged_micro_usd, 200)
  })

  test('of a month over an hour ago is closed, and an invoice that stays what it was', async () => {
    books.setTime('2026-11-30T23:00:00Z')
    const account = await books.edge.openAccount(100_000)
    await books.search(account)
    const across = await books.create(account.apiKey)
    const invoice = (month: string) =>
      books.edge.request('GET', `/v1/account/invoices/${month}`, { key: account.apiKey })
    assert.equal((await invoice('2026-11')).status, 409)
    books.setTime('2026-12-01T00:30:00Z')
    // Asked for in November, ended in December: it is December's.
    await books.runner.work({ accountId: account.id, generationId: across })
    const refused = (await (await invoice('2026-11')).json()) as { code: string; retryable: boolean }
    assert.deepEqual([refused.code, refused.retryable], ['month_open', true])
    books.setTime('2026-12-01T01:30:00Z')
    const issued = invoiceSchema.parse(await (await invoice('2026-11')).json())
    assert.equal(issued.total_micro_usd, BUDGET * 20)
    assert.equal(issued.total_micro_usd, sum(issued.lines))
    assert.equal(issued.issued_at, '2026-12-01T01:30:00.000Z')
    assert.match(issued.number, /^2026-11-[0-9A-Z]{26}$/)
    const november = await statementOf(account.apiKey, '2026-11')
    assert.equal(november.status, 'closed')
    const december = await statementOf(account.apiKey, '2026-12')
    assert.deepEqual(
      [december.opening_micro_usd, december.charged_micro_usd, december.status],
      [november.closing_micro_usd, BUDGET * 20, 'open'],
    )
    // A year later, under another name: the same invoice, and every month in between opens as the one before closed.
    books.setTime('2027-11-15T00:00:00Z')
    const path = `/v1/admin/accounts/${account.id}`
    await books.edge.request('PATCH', path, { key: books.edge.adminKey, body: { name: 'Renamed' } })
    assert.deepEqual(await (await invoice('2026-11')).json(), issued)
    const later = await statementOf(account.apiKey, '2027-11')
    assert.equal(later.opening_micro_usd, december.closing_micro_usd)
    assert.equal(later.account.name, 'Renamed')
    books.setTime('2026-11-10T12:00:00Z')
  })

  test('stays open while a generation that ended in it is not settled', async () => {
    books.setTime('2026-11-30T23:59:00Z')
    const account = await books.edge.openAccount(100_000)
    const named = { accountId: account.id, generationId: await books.create(account.apiKey) }
    const generation = await endUnsettled(books.edge, { ...named, nfeUsed: 10 })
    books.setTime('2026-12-02T00:00:00Z')
    assert.equal((await statementOf(account.apiKey, '2026-11')).status, 'open')
    await completeGeneration(books.edge.api, generation)
    const closed = await statementOf(account.apiKey, '2026-11')
    assert.deepEqual([closed.status, closed.charged_micro_usd], ['closed', 200])
    books.setTime('2026-11-10T12:00:00Z')
  })

  test('is there for the administration too, and for nobody else', async () => {
    const [mine, other] = [await books.edge.openAccount(5000), await books.edge.openAccount(7000)]
    const path = `/v1/admin/accounts/${mine.id}/statements/2026-11`
    const seen = await books.get<StatementView>(path, books.edge.adminKey)
    assert.deepEqual(seen, await statementOf(mine.apiKey, '2026-11'))
    assert.equal(seen.closing_micro_usd, 5000)
    assert.equal((await statementOf(other.apiKey, '2026-11')).closing_micro_usd, 7000)
    for (const key of [other.apiKey, undefined])
      assert.equal((await books.edge.request('GET', path, key === undefined ? {} : { key })).status, 401)
    const unknown = `/v1/admin/accounts/acct_nobody/statements/2026-11`
    assert.equal((await books.edge.request('GET', unknown, { key: books.edge.adminKey })).status, 404)
  })

  for (const [month, status] of [
    ['2026-10', 404],
    ['2026-12', 404],
    ['2026-13', 422],
    ['november', 422],
  ] as const)
    test(`of ${month} is refused with ${status}`, async () => {
      const { apiKey } = await books.edge.openAccount()
      assert.equal((await books.edge.request('GET', `/v1/account/statements/${month}`, { key: apiKey })).status, status)
    })

  test('comes as CSV whose amounts add up to its last line', async () => {
    const account = await books.edge.openAccount(100_000)
    await books.search(account)
    await books.search(account, { priority: 'low' })
    const path = '/v1/account/statements/2026-11?format=csv'
    const response = await books.edge.request('GET', path, { key: account.apiKey })
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv/)
    assert.match(response.headers.get('content-disposition') ?? '', /statement-2026-11\.csv/)
    const [header, ...rows] = (await response.text()).split('\r\n').slice(0, -1)
    const columns = (header ?? '').split(',')
    const table = rows.map((row) => Object.fromEntries(row.split(',').map((cell, at) => [columns[at] ?? '', cell])))
    assert.deepEqual(
      table.map(({ kind }) => kind),
      ['opening', 'credit', 'charge', 'charge', 'closing'],
    )
    const amounts = table.map((row) => Number(row['amount_micro_usd']))
    const closing = amounts.pop()
    assert.equal(
      amounts.reduce((total, amount) => total + amount, 0),
      closing,
    )
    assert.equal(closing, 100_000 - BUDGET * 30)
  })

  test('and the invoice as CSV has its lines', async () => {
    const account = await books.edge.openAccount(100_000)
    await books.search(account)
    books.setTime('2026-12-15T00:00:00Z')
    const path = `/v1/admin/accounts/${account.id}/invoices/2026-11`
    const invoice = await books.get<InvoiceView>(path, books.edge.adminKey)
    const response = await books.edge.request('GET', `${path}?format=csv`, { key: books.edge.adminKey })
    const rows = (await response.text()).split('\r\n').slice(1, -1)
    assert.equal(rows.length, invoice.lines.length)
    assert.ok(rows[0]?.startsWith(`${invoice.number},${account.id},2026-11,`))
    assert.ok(rows[0]?.endsWith(`,${BUDGET},${BUDGET * 20}`))
    books.setTime('2026-11-10T12:00:00Z')
  })
})
