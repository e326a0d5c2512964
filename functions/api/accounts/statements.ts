/** Statements and invoices by month: of the account that asks, or of any for the administration. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ProblemError } from '../../../shared/contract/problem.ts'
import {
  type ChargeLineView,
  type InvoiceView,
  invoiceSchema,
  monthSchema,
  type StatementView,
  statementSchema,
} from '../../../shared/contract/statement.ts'
import type { ChargeLine } from '../../../shared/domain/statement.ts'
import type { Account } from '../../../shared/stores/accounts.ts'
import { type DrawnStatement, readStatement } from '../../../shared/stores/statements.ts'
import type { ApiContext, ApiEnv } from '../context.ts'
import { csvResponse, formatCsv } from '../http/csv.ts'
import { type Api, problems } from '../route.ts'
import { accountOf, BOOKS, type Books, CHARGE_COLUMNS, formatQuery, jsonOrCsv } from './books.ts'

export const addStatements = (app: Api, api: ApiContext): void => {
  for (const books of BOOKS) {
    addStatement(app, api, books)
    addInvoice(app, api, books)
  }
}

const addStatement = (app: Api, api: ApiContext, { root, params, common }: Books): void => {
  const route = createRoute({
    ...common,
    method: 'get',
    path: `${root}/statements/{month}`,
    summary: 'What was credited and charged in a month, by key and pack',
    description: 'At any time. The running month, and one that is just over, may still change: `status` is `open`.',
    request: { params: params.extend({ month: monthSchema }), query: z.strictObject(formatQuery) },
    responses: { 200: jsonOrCsv(statementSchema, 'The statement'), ...problems },
  })
  app.openapi(route, async (context) => {
    const [account, drawn] = await drawnFor(api, context)
    const statement = viewStatement(account, drawn)
    if (context.req.valid('query').format === 'json') return context.json(statement, 200)
    return csvResponse(`statement-${statement.month}`, statementCsv(statement))
  })
}

const addInvoice = (app: Api, api: ApiContext, { root, params, common }: Books): void => {
  const route = createRoute({
    ...common,
    method: 'get',
    path: `${root}/invoices/{month}`,
    summary: 'The invoice of a month that is closed',
    description:
      'The same for ever. 409 `month_open` until an hour after the end of the month, and while a generation that ended in it is not settled.',
    request: { params: params.extend({ month: monthSchema }), query: z.strictObject(formatQuery) },
    responses: { 200: jsonOrCsv(invoiceSchema, 'The invoice'), ...problems },
  })
  app.openapi(route, async (context) => {
    const [account, drawn] = await drawnFor(api, context)
    if (drawn.closed_at === null)
      throw new ProblemError('month_open', `${drawn.month} is not closed yet; its statement shows how it stands.`)
    const invoice = viewInvoice(account, { ...drawn, closed_at: drawn.closed_at })
    if (context.req.valid('query').format === 'json') return context.json(invoice, 200)
    return csvResponse(`invoice-${invoice.month}`, invoiceCsv(invoice))
  })
}

const drawnFor = async (api: ApiContext, context: Context<ApiEnv>): Promise<[Account, DrawnStatement]> => {
  const account = await accountOf(api, context)
  const month = context.req.param('month') ?? ''
  const drawn = await readStatement(api.table, { account, month, now: api.now() })
  if (drawn === undefined)
    throw new ProblemError('not_found', `The account has no ${month}: it was opened later, or the month is to come.`)
  return [account, drawn]
}

const isoTime = (epochMs: number): string => new Date(epochMs).toISOString()

const viewCharge = ({ micro_usd_per_nfe, micro_usd, ...line }: ChargeLine): ChargeLineView => ({
  ...line,
  price_micro_usd_per_nfe: micro_usd_per_nfe,
  price_micro_usd: micro_usd,
})

const viewStatement = ({ id }: Account, drawn: DrawnStatement): StatementView => ({
  object: 'statement',
  account: { id, name: drawn.account_name },
  month: drawn.month,
  status: drawn.closed_at === null ? 'open' : 'closed',
  closed_at: drawn.closed_at === null ? null : isoTime(drawn.closed_at),
  opening_micro_usd: drawn.opening_micro_usd,
  credited_micro_usd: drawn.credited_micro_usd,
  charged_micro_usd: drawn.charged_micro_usd,
  closing_micro_usd: drawn.closing_micro_usd,
  credits: drawn.credits.map(({ id: credit, at, micro_usd }) => ({ id: credit, created_at: isoTime(at), micro_usd })),
  charges: drawn.charges.map(viewCharge),
})

const viewInvoice = ({ id }: Account, drawn: DrawnStatement & { closed_at: number }): InvoiceView => ({
  object: 'invoice',
  number: `${drawn.month}-${id.replace(/^acct_/, '')}`,
  account: { id, name: drawn.account_name },
  month: drawn.month,
  issued_at: isoTime(drawn.closed_at),
  currency: 'USD',
  lines: drawn.charges.map(viewCharge),
  total_micro_usd: drawn.charged_micro_usd,
})

const EMPTY_CHARGE = {
  key_id: null,
  pack: null,
  priority: null,
  price_list: null,
  price_micro_usd_per_nfe: null,
  generations: null,
  nfe_used: null,
}

/** The amounts of all lines but the last add up to the last: charges are below zero. */
const statementCsv = (statement: StatementView): string => {
  const line = { month: statement.month, credit_id: null, created_at: null, ...EMPTY_CHARGE }
  return formatCsv(
    ['month', 'kind', 'credit_id', 'created_at', ...CHARGE_COLUMNS, 'amount_micro_usd'],
    [
      { ...line, kind: 'opening', amount_micro_usd: statement.opening_micro_usd },
      ...statement.credits.map(({ id, created_at, micro_usd }) => ({
        ...line,
        kind: 'credit',
        credit_id: id,
        created_at,
        amount_micro_usd: micro_usd,
      })),
      ...statement.charges.map((charge) => ({
        ...line,
        ...charge,
        kind: 'charge',
        amount_micro_usd: 0 - charge.price_micro_usd,
      })),
      { ...line, kind: 'closing', amount_micro_usd: statement.closing_micro_usd },
    ],
  )
}

const invoiceCsv = ({ number, account, month, issued_at, lines }: InvoiceView): string =>
  formatCsv(
    ['number', 'account_id', 'month', 'issued_at', ...CHARGE_COLUMNS, 'price_micro_usd'],
    lines.map((line) => ({ number, account_id: account.id, month, issued_at, ...line })),
  )
