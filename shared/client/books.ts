/** What an account was charged: usage by day, statements and invoices by month; as values, or as CSV for a spreadsheet. */
import type { InvoiceView, StatementView, UsageReport } from '../contract/statement.ts'
import type { CallOptions, Connection } from './http.ts'

export interface UsageQuery {
  /** Days in UTC, such as 2026-11-24, both included. */
  readonly from?: string
  readonly to?: string
  readonly group_by?: 'key' | 'pack' | 'key,pack'
}

/** @param root path of the account. */
export const booksAt = (api: Connection, root: string) => {
  const json = <Answer>(path: string, query: object, options: CallOptions): Promise<Answer> =>
    api.json({ method: 'GET', path: `${root}/${path}`, query: { ...query }, ...options })
  const csv = (path: string, query: object, options: CallOptions): Promise<string> =>
    api.read({ method: 'GET', path: `${root}/${path}`, query: { ...query, format: 'csv' }, ...options }, (response) =>
      response.text(),
    )
  /** @param month in UTC, such as 2026-11. */
  const at = (what: 'statements' | 'invoices', month: string) => `${what}/${encodeURIComponent(month)}`
  return {
    usage: (query: UsageQuery = {}, options: CallOptions = {}): Promise<UsageReport> => json('usage', query, options),
    usageCsv: (query: UsageQuery = {}, options: CallOptions = {}) => csv('usage', query, options),
    /** Of any month; the running one may still change. */
    statement: (month: string, options: CallOptions = {}): Promise<StatementView> =>
      json(at('statements', month), {}, options),
    statementCsv: (month: string, options: CallOptions = {}) => csv(at('statements', month), {}, options),
    /** Of a month that is closed; the same for ever. */
    invoice: (month: string, options: CallOptions = {}): Promise<InvoiceView> =>
      json(at('invoices', month), {}, options),
    invoiceCsv: (month: string, options: CallOptions = {}) => csv(at('invoices', month), {}, options),
  }
}
