/** GET .../usage: what was used and charged, day by day. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  MAX_USAGE_DAYS,
  USAGE_GROUPS,
  type UsageReport,
  usageReportSchema,
} from '../../../shared/contract/statement.ts'
import { DAY_MS, dayOf, endOfDay, monthOf, startOfDay } from '../../../shared/domain/period.ts'
import { usageByDay } from '../../../shared/domain/statement.ts'
import { readSettled } from '../../../shared/stores/statements.ts'
import type { ApiContext } from '../context.ts'
import { refuseFields } from '../generations/check-request.ts'
import { csvResponse, formatCsv } from '../http/csv.ts'
import { type Api, problems } from '../route.ts'
import { accountOf, BOOKS, CHARGE_COLUMNS, formatQuery, jsonOrCsv } from './books.ts'

const query = z.strictObject({
  from: z.iso
    .date()
    .optional()
    .openapi({ description: 'First day, in UTC; the first of the month of `to` unless said' }),
  to: z.iso.date().optional().openapi({ description: 'Last day, in UTC; today unless said' }),
  group_by: z
    .enum([...USAGE_GROUPS, 'key,pack'])
    .optional()
    .openapi({ description: 'A row for each key, for each pack, or for each of both, of a day' }),
  ...formatQuery,
})

export const addUsage = (app: Api, api: ApiContext): void => {
  for (const { root, params, common } of BOOKS) {
    const route = createRoute({
      ...common,
      method: 'get',
      path: `${root}/usage`,
      summary: 'NFEs used and charged, by day',
      description: `At most ${MAX_USAGE_DAYS} days. A generation counts on the day it ended; each row has one price, and the sum is what the statements charge.`,
      request: { params, query },
      responses: { 200: jsonOrCsv(usageReportSchema, 'The usage'), ...problems },
    })
    app.openapi(route, async (context) => {
      const { group_by = '', format, ...asked } = context.req.valid('query')
      const days = daysOf(asked, api.now())
      const account = await accountOf(api, context)
      const entries = await readSettled(api.table, {
        accountId: account.id,
        fromMs: startOfDay(days.from),
        toMs: endOfDay(days.to),
      })
      const groups = USAGE_GROUPS.filter((group) => group_by.split(',').includes(group))
      const data = usageByDay(entries, groups).map(({ micro_usd_per_nfe, micro_usd, ...row }) => ({
        ...row,
        price_micro_usd_per_nfe: micro_usd_per_nfe,
        price_micro_usd: micro_usd,
      }))
      if (format === 'csv') return csvResponse(`usage-${days.from}-${days.to}`, formatCsv(COLUMNS, data))
      return context.json({ object: 'usage' as const, ...days, data, total: totalOf(data) }, 200)
    })
  }
}

const COLUMNS = ['date', ...CHARGE_COLUMNS, 'price_micro_usd'] as const

const daysOf = (asked: { from?: string | undefined; to?: string | undefined }, now: number) => {
  const { to = dayOf(now) } = asked
  const { from = `${monthOf(to)}-01` } = asked
  const days = (startOfDay(to) - startOfDay(from)) / DAY_MS + 1
  if (days < 1) throw refuseFields([{ pointer: '/from', detail: `is after ${to}` }])
  if (days > MAX_USAGE_DAYS)
    throw refuseFields([{ pointer: '/from', detail: `${days} days; at most ${MAX_USAGE_DAYS} at once` }])
  return { from, to }
}

const totalOf = (rows: UsageReport['data']): UsageReport['total'] => {
  const total = { generations: 0, nfe_used: 0, price_micro_usd: 0 }
  for (const row of rows) {
    total.generations += row.generations
    total.nfe_used += row.nfe_used
    total.price_micro_usd += row.price_micro_usd
  }
  return total
}
