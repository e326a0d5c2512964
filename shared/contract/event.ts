/** Webhook bodies (Standard Webhooks: type, timestamp, data). Small, with a link to the whole generation. */
import { z } from 'zod'
import { batchSchema } from './batch.ts'
import { GENERATION_STATUSES, resultSchema, STOP_REASONS, usageSchema } from './generation.ts'
import { metadataSchema } from './metadata.ts'

const microUsd = z.number().int().nonnegative()

/** Every type of event an endpoint may ask for. A new one needs a line here and a schema of its data. */
export const EVENT_TYPES = [
  'generation.succeeded',
  'generation.failed',
  'generation.canceled',
  'generation.expired',
  'batch.ended',
  'account.balance_low',
  'webhook_endpoint.disabled',
] as const

/** `webhook_endpoint.test` goes only to the endpoint that is tested, whatever its filter. */
export type EventType = (typeof EVENT_TYPES)[number] | 'webhook_endpoint.test'

export const generationEventSchema = z.strictObject({
  type: z.enum(['generation.succeeded', 'generation.failed', 'generation.canceled', 'generation.expired']),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    id: z.string(),
    status: z.enum(GENERATION_STATUSES),
    stop_reason: z.enum(STOP_REASONS).nullable(),
    seed: z.number().int(),
    usage: usageSchema,
    result: resultSchema.nullable(),
    error: z.strictObject({ code: z.string(), detail: z.string() }).nullable(),
    metadata: metadataSchema,
    links: z
      .strictObject({ self: z.url(), outputs: z.array(z.url()) })
      .describe('Links of the API, good as long as the generation.'),
  }),
})
export type GenerationEvent = z.infer<typeof generationEventSchema>

export const batchEndedEventSchema = z.strictObject({
  type: z.literal('batch.ended'),
  timestamp: z.iso.datetime(),
  data: batchSchema
    .pick({ id: true, created_at: true, lines: true, progress: true, usage: true, links: true })
    .extend({ finished_at: z.iso.datetime() }),
})
export type BatchEndedEvent = z.infer<typeof batchEndedEventSchema>

export const balanceLowEventSchema = z.strictObject({
  type: z.literal('account.balance_low'),
  timestamp: z.iso.datetime(),
  data: z.strictObject({
    account_id: z.string(),
    alert_micro_usd: microUsd.describe('The alert that the credit fell below.'),
    unspent_micro_usd: microUsd.describe('balance + held, after the settlement that crossed it.'),
    credited_micro_usd: microUsd.describe('All credit so far; more of it arms the alert again.'),
    links: z.strictObject({ self: z.url() }),
  }),
})
export type BalanceLowEvent = z.infer<typeof balanceLowEventSchema>
