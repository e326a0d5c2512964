/** What an account was charged and why: statements and invoices by month, usage by day, price lists. */
import { z } from 'zod'
import { PRIORITIES } from './priority.ts'

const microUsd = z.number().int().nonnegative()
const count = z.number().int().nonnegative()

export const monthSchema = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month such as 2026-11')
  .describe('A month in UTC, such as 2026-11')

/** What was charged at one price: nfe_used x price_micro_usd_per_nfe = price_micro_usd. */
const charge = {
  priority: z.enum(PRIORITIES),
  price_list: z.string().describe('Version of the price list that the price is from; see /v1/price-lists.'),
  price_micro_usd_per_nfe: z.number().int().positive(),
  generations: count,
  nfe_used: count,
  price_micro_usd: microUsd.describe('nfe_used x price_micro_usd_per_nfe.'),
}

const chargeLineSchema = z.strictObject({ key_id: z.string(), pack: z.string(), ...charge })
export type ChargeLineView = z.infer<typeof chargeLineSchema>

const accountNameSchema = z.strictObject({ id: z.string(), name: z.string() })

export const statementSchema = z.strictObject({
  object: z.literal('statement'),
  account: accountNameSchema,
  month: monthSchema,
  status: z.enum(['open', 'closed']).describe('A closed month changes no more.'),
  closed_at: z.iso.datetime().nullable(),
  opening_micro_usd: microUsd.describe('The closing amount of the month before.'),
  credited_micro_usd: microUsd,
  charged_micro_usd: microUsd,
  closing_micro_usd: microUsd.describe('opening + credited - charged; of this month: balance + held of the account.'),
  credits: z.array(z.strictObject({ id: z.string(), created_at: z.iso.datetime(), micro_usd: microUsd })),
  charges: z.array(chargeLineSchema).describe('By key, pack and price. A generation counts in the month it ended in.'),
})
export type StatementView = z.infer<typeof statementSchema>

export const invoiceSchema = z.strictObject({
  object: z.literal('invoice'),
  number: z.string().describe('One for each account and month.'),
  account: accountNameSchema,
  month: monthSchema,
  issued_at: z.iso.datetime(),
  currency: z.literal('USD'),
  lines: z.array(chargeLineSchema),
  total_micro_usd: microUsd.describe('Paid already: it was taken from the credit of the account.'),
})
export type InvoiceView = z.infer<typeof invoiceSchema>

/** Days of one answer about usage. */
export const MAX_USAGE_DAYS = 92
export const USAGE_GROUPS = ['key', 'pack'] as const

export const usageRowSchema = z.strictObject({
  date: z.iso.date().describe('The day in UTC on which the generations ended.'),
  key_id: z.string().nullable().describe('null unless grouped by key.'),
  pack: z.string().nullable().describe('null unless grouped by pack.'),
  ...charge,
})
export type UsageRowView = z.infer<typeof usageRowSchema>

export const usageReportSchema = z.strictObject({
  object: z.literal('usage'),
  from: z.iso.date(),
  to: z.iso.date(),
  data: z.array(usageRowSchema).describe('Oldest first; days without a charge are missing.'),
  total: z.strictObject({ generations: count, nfe_used: count, price_micro_usd: microUsd }),
})
export type UsageReport = z.infer<typeof usageReportSchema>

const prices = z.strictObject({ standard: z.number().int(), low: z.number().int() })

export const priceListSchema = z.strictObject({
  version: z.string(),
  from: z.iso.datetime().describe('In force from then until the next list.'),
  classes_micro_usd_per_nfe: z.record(z.string(), prices).describe('By price class of the pack, then by priority.'),
  packs_micro_usd_per_nfe: z.record(z.string(), prices).describe('What that comes to for each pack.'),
})
export type PriceListView = z.infer<typeof priceListSchema>
