/** Webhook endpoints and deliveries as the API takes and shows them. */
import { z } from 'zod'
import type { AddressPolicy } from '../domain/public-address.ts'
import { EVENT_TYPES } from './event.ts'
import { DELIVERY_STATES } from './generation.ts'
import { TEXT_PATTERN, textSchema } from './text.ts'
import { requestTimeSchema } from './time.ts'
import { webhookUrlSchema } from './webhook-url.ts'

export const MAX_ENDPOINTS = 20
export const MAX_OVERLAP_SECONDS = 7 * 86_400

/**
 * - `account`: the account said so. `gone`: the receiver answered 410.
 * - `failing`: days of failure without one success.
 */
export const DISABLED_REASONS = ['account', 'gone', 'failing'] as const
export type DisabledReason = (typeof DISABLED_REASONS)[number]

/** Named types, or `*` for every type there is and will be. */
const eventFilter = z
  .array(z.enum([...EVENT_TYPES, '*']))
  .min(1)
  .max(EVENT_TYPES.length + 1)
  .refine((events) => new Set(events).size === events.length, 'a type is named twice')
  .meta({ uniqueItems: true })
export type EventFilter = Readonly<z.infer<typeof eventFilter>>

const description = textSchema.trim().max(200).meta({ pattern: TEXT_PATTERN })

/** @param webhooks which addresses are taken. */
export const newEndpointSchema = (webhooks: AddressPolicy) =>
  z.strictObject({
    url: webhookUrlSchema(webhooks),
    events: eventFilter.default(['*']),
    description: description.default(''),
  })

export const endpointChangeSchema = (webhooks: AddressPolicy) =>
  z
    .strictObject({
      url: webhookUrlSchema(webhooks).optional(),
      events: eventFilter.optional(),
      description: description.optional(),
      enabled: z.boolean().optional().describe('true also forgets past failures.'),
    })
    .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
    .meta({ minProperties: 1 })

export const rotationSchema = z.strictObject({
  overlap_seconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_OVERLAP_SECONDS)
    .default(86_400)
    .describe('How long the former keys sign beside the new ones; 0 ends them at once.'),
})

/** The account's own secret, for URLs that a request names. */
export const accountSecretSchema = z.strictObject({
  secret: z.string(),
  former_until: z.iso
    .datetime()
    .nullable()
    .describe('When the last of the former secrets stops signing; null when none signs now.'),
})

export const endpointSchema = z.strictObject({
  object: z.literal('webhook_endpoint'),
  id: z.string(),
  url: z.string(),
  description: z.string(),
  events: eventFilter,
  enabled: z.boolean(),
  disabled: z
    .strictObject({ reason: z.enum(DISABLED_REASONS), at: z.iso.datetime() })
    .nullable()
    .describe('Why and since when nothing is sent; null while enabled.'),
  failing: z
    .strictObject({ since: requestTimeSchema, attempts: z.number().int().positive() })
    .nullable()
    .describe('Failed attempts since the last success; null when the last attempt succeeded.'),
  public_keys: z
    .array(z.strictObject({ key: z.string(), created_at: z.iso.datetime(), expires_at: z.iso.datetime().nullable() }))
    .describe('Public keys (`whpk_`, scheme v1a) whose signatures are sent now, newest first.'),
  created_at: z.iso.datetime(),
})
export type EndpointView = z.infer<typeof endpointSchema>

/** `secret` (`whsec_`, scheme v1) is in the answers of create and rotate, and never again. */
export const endpointWithSecretSchema = endpointSchema.extend({ secret: z.string() })
export const endpointListSchema = z.strictObject({ object: z.literal('list'), data: z.array(endpointSchema) })

export const deliveryAttemptSchema = z.strictObject({
  at: z.iso.datetime(),
  series: z.number().int().positive().describe('1 for the first run of the schedule; each replay starts another.'),
  duration_ms: z.number().int().nonnegative(),
  status: z.number().int().nullable().describe('Status of the answer; null when there was none.'),
  outcome: z.string(),
  response_excerpt: z.string().nullable().describe("The beginning of the answer's body."),
})

export const deliverySchema = z.strictObject({
  object: z.literal('webhook_delivery'),
  id: z.string(),
  event_id: z.string().describe('The `webhook-id` header, the same at every attempt, replay and receiver.'),
  event_type: z.string(),
  endpoint_id: z.string().nullable().describe('null for the URL that a request named.'),
  url: z.string(),
  state: z.enum(DELIVERY_STATES),
  next_attempt_at: z.iso.datetime().nullable(),
  attempts: z.array(deliveryAttemptSchema),
  created_at: z.iso.datetime(),
})
export type DeliveryView = z.infer<typeof deliverySchema>

/** `body` is what is signed and sent, byte for byte. */
export const deliveryWithBodySchema = deliverySchema.extend({ body: z.string() })

/** Every part narrows the list. */
export const deliveryFilterSchema = z.strictObject({
  endpoint_id: z.string().max(64).optional(),
  event_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/)
    .optional(),
  event_type: z.string().max(64).optional(),
  state: z.enum(DELIVERY_STATES).optional(),
})

export const recoverySchema = z.strictObject({
  since: requestTimeSchema.describe('Deliveries made since then that did not arrive are sent again.'),
})

export const recoveredSchema = z.strictObject({
  object: z.literal('webhook_recovery'),
  replayed: z.number().int().nonnegative(),
  has_more: z.boolean().describe('Whether the same call finds more: it takes at most 100 at a time.'),
})
