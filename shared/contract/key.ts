/** Keys of an account: what each may do, and how much. */
import { z } from 'zod'
import { READABLE_PATTERN, textSchema } from './text.ts'
import { requestTimeSchema } from './time.ts'

/** What a key may be allowed. `functions/api/http/scopes.ts` says which route asks for which. */
export const SCOPES = [
  'generations:write',
  'generations:read',
  'shares:write',
  'account:read',
  'account:write',
  'webhooks:read',
  'webhooks:write',
] as const
export type Scope = (typeof SCOPES)[number]

const cap = z.number().int().min(1).max(1_000_000_000_000).nullable()

const settings = {
  name: textSchema.trim().min(1).max(100).meta({ pattern: READABLE_PATTERN }),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .max(SCOPES.length)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'each scope once')
    .meta({ uniqueItems: true }),
  nfe_per_request: cap.describe("Most NFEs of one generation. null: no cap beside the pack's."),
  nfe_per_day: cap.describe(
    'Most NFEs held or used by the generations of one day (UTC). What a generation did not use counts no longer.',
  ),
  nfe_per_month: cap.describe('The same, of one month (UTC).'),
  packs: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(32)
    .nullable()
    .describe('Packs the key may ask for; null is all.'),
  expires_at: requestTimeSchema.nullable().describe('The key opens nothing from then on; null is never.'),
}

export const newKeyRequestSchema = z.strictObject({
  name: settings.name,
  scopes: settings.scopes.default([...SCOPES]),
  nfe_per_request: settings.nfe_per_request.default(null),
  nfe_per_day: settings.nfe_per_day.default(null),
  nfe_per_month: settings.nfe_per_month.default(null),
  packs: settings.packs.default(null),
  expires_at: settings.expires_at.default(null),
})
export type NewKeyRequest = z.infer<typeof newKeyRequestSchema>

/** What is left out stays; null takes a limit away. */
export const changeKeyRequestSchema = z
  .strictObject(settings)
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'nothing to change')
  .meta({ minProperties: 1 })

export const MAX_OVERLAP_SECONDS = 7 * 86_400

export const rotateKeyRequestSchema = z.strictObject({
  overlap_seconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_OVERLAP_SECONDS)
    .default(86_400)
    .describe('The secrets used so far open the account for this long after the new one is made. 0 ends them at once.'),
})

const time = z.iso.datetime()
const nfe = z.number().int().nonnegative()

export const keySchema = z.strictObject({
  object: z.literal('key'),
  id: z.string(),
  account_id: z.string(),
  ...settings,
  created_at: time,
  revoked_at: time.nullable(),
  last_used_at: time.nullable().describe('To within a minute.'),
  secrets: z
    .array(
      z.strictObject({
        /** How the secret begins. */
        hint: z.string(),
        created_at: time,
        expires_at: time.nullable(),
        last_used_at: time.nullable(),
      }),
    )
    .describe(
      'Live and lately ended secrets: two while a key is being rotated. The secrets themselves are stored nowhere.',
    ),
  usage: z
    .strictObject({
      day: z.strictObject({ date: z.string(), nfe }),
      month: z.strictObject({ month: z.string(), nfe }),
    })
    .describe('NFEs held or used so far, against nfe_per_day and nfe_per_month.'),
})
export type KeyView = z.infer<typeof keySchema>

/** The secret is shown here and never again. */
export const issuedKeySchema = z.strictObject({
  key_id: z.string(),
  api_key: z.string(),
  created_at: time,
  key: keySchema,
})
