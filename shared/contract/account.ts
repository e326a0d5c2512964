/** Accounts and keys as the API shows them. */
import { z } from 'zod'
import { READABLE_PATTERN, textSchema } from './text.ts'

const microUsd = z.number().int().nonnegative()

export const accountSchema = z.strictObject({
  object: z.literal('account'),
  id: z.string(),
  name: z.string(),
  balance_micro_usd: microUsd.describe('balance + held + spent = credited, always.'),
  held_micro_usd: microUsd,
  spent_micro_usd: microUsd,
  credited_micro_usd: microUsd,
  open_generations: z.number().int().nonnegative().describe('Generations accepted and not yet settled.'),
  balance_alerts_micro_usd: z
    .array(microUsd)
    .describe(
      'Below each of these amounts of credit not yet spent (balance + held) an event `account.balance_low` is announced, once a credit.',
    ),
  created_at: z.iso.datetime(),
})
export type AccountView = z.infer<typeof accountSchema>

export const MAX_CREDIT_MICRO_USD = 1_000_000_000_000

export const newAccountSchema = z.strictObject({
  name: textSchema.trim().min(1).max(100).meta({ pattern: READABLE_PATTERN }),
  credit_micro_usd: z.number().int().min(0).max(MAX_CREDIT_MICRO_USD).default(0),
})

export const creditSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .describe('Chosen by the payer: the same id credits once.'),
  micro_usd: z.number().int().positive().max(MAX_CREDIT_MICRO_USD),
})

/** Most things on a page of a list. */
export const MAX_PAGE = 100

export const balanceAlertsSchema = z
  .array(z.number().int().positive().max(MAX_CREDIT_MICRO_USD))
  .max(5)
  .refine((alerts) => new Set(alerts).size === alerts.length, 'each amount once')
  .meta({ uniqueItems: true })

/** What is left out stays. */
export const changeAccountSchema = z
  .strictObject({ name: newAccountSchema.shape.name, balance_alerts_micro_usd: balanceAlertsSchema })
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'nothing to change')
  .meta({ minProperties: 1 })
