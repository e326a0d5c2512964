/**
 * Generations as clients see them: the request that creates one and the object every route returns.
 * Names are snake_case on the wire; amounts are integers (NFEs, micro-dollars), times ISO 8601 in UTC.
 */
import { z } from 'zod'
import type { AddressPolicy } from '../domain/public-address.ts'
import { DEFAULT_RETENTION_SECONDS, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from '../domain/retention.ts'
import { metadataSchema } from './metadata.ts'
import { SEARCH_NAMES } from './search-names.ts'
import { sha256Schema, traceSchema } from './trace.ts'
import { webhookUrlSchema } from './webhook-url.ts'

export const MAX_PROMPT_CHARACTERS = 2000
export const MAX_SEED = 0xffff_ffff
export const MAX_OUTPUTS = 16
const MAX_COUNT = 64
const MAX_DEADLINE_SECONDS = 86_400

export const IMAGE_FORMATS = ['png', 'webp', 'jpeg'] as const
export type ImageFormat = (typeof IMAGE_FORMATS)[number]
export const OUTPUT_CONTENT_TYPES = {
  png: 'image/png',
  webp: 'image/webp',
  jpeg: 'image/jpeg',
} as const satisfies Record<ImageFormat, string>

const nfeCount = z.number().int().nonnegative()

const countsSchema = z
  .record(z.string().min(1).max(64), z.number().int().min(0).max(MAX_COUNT))
  .refine((counts) => Object.keys(counts).length > 0, 'at least one thing to count')
  .refine((counts) => Object.keys(counts).length <= 48, 'at most 48 things')

/** `"count"`, or with the counts said instead of read from the prompt. */
export const rewardRequestSchema = z.union([
  z.literal('count'),
  z.strictObject({ name: z.literal('count'), counts: countsSchema.optional() }),
])

/** @param webhooks which webhook addresses are taken: public https ones, unless the deployment says otherwise. */
export const generationRequestSchema = (webhooks: AddressPolicy) =>
  z.strictObject({
    prompt: z.string().trim().min(1).max(MAX_PROMPT_CHARACTERS),
    /** The reward to maximise. */
    reward: rewardRequestSchema.default('count'),
    /** Most NFEs that may be spent; what is not used is refunded. */
    nfe_budget: z.number().int().min(1).max(1_000_000),
    /** Same request and seed, same image. Drawn by the service when left out, and shown. */
    seed: z.number().int().min(0).max(MAX_SEED).optional(),
    search: z.enum(SEARCH_NAMES).default('rbf'),
    pack: z.string().min(1).max(64).default('emoji-world'),
    /** Stop as soon as an image reaches this reward, and refund the rest. */
    target_reward: z.number().optional(),
    /** Images wanted: distinct ones, best first. Fewer come back when the search is stopped before it has so many. */
    n_outputs: z.number().int().min(1).max(MAX_OUTPUTS).default(1),
    format: z.enum(IMAGE_FORMATS).default('png'),
    /** Show the best image so far in the live events, small. */
    previews: z.boolean().default(false),
    /** Seconds from acceptance after which the search stops and its best so far is the answer, billed for what was used. */
    deadline_seconds: z.number().int().min(1).max(MAX_DEADLINE_SECONDS).optional(),
    /** Seconds from acceptance within which the search must have begun; otherwise it expires and costs nothing. */
    start_ttl_seconds: z.number().int().min(1).max(MAX_DEADLINE_SECONDS).optional(),
    webhook_url: webhookUrlSchema(webhooks).optional(),
    /** Yours: shown with the generation and in its events, never read. */
    metadata: metadataSchema.default({}),
    /** Seconds after its end at which images, trace and prompt are deleted; what was charged stays on the books. */
    retention_seconds: z
      .number()
      .int()
      .min(MIN_RETENTION_SECONDS)
      .max(MAX_RETENTION_SECONDS)
      .default(DEFAULT_RETENTION_SECONDS),
  })

/** What may be said anew when a finished search goes on; the rest is that of the generation it extends. */
export const extensionRequestSchema = (webhooks: AddressPolicy) =>
  generationRequestSchema(webhooks).pick({
    nfe_budget: true,
    target_reward: true,
    deadline_seconds: true,
    start_ttl_seconds: true,
    webhook_url: true,
    metadata: true,
    retention_seconds: true,
  })

export type GenerationRequest = z.infer<ReturnType<typeof generationRequestSchema>>

export const GENERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const
export type GenerationStatus = (typeof GENERATION_STATUSES)[number]
export const STOP_REASONS = ['budget', 'target_reward', 'deadline', 'canceled', 'converged'] as const
export type StopReason = (typeof STOP_REASONS)[number]

export const progressSchema = z.strictObject({
  step: z.number().int().nonnegative(),
  steps: z.number().int().nonnegative(),
  nfe_used: nfeCount,
  /** null before the first candidate is scored. */
  best_reward: z.number().nullable(),
  /** NFEs the current step may spend, rollover included. */
  quota: nfeCount,
  /** NFEs that steps handed on to later steps so far. */
  rolled_over: nfeCount,
})
export type Progress = z.infer<typeof progressSchema>

export const usageSchema = z.strictObject({
  nfe_held: nfeCount,
  nfe_used: nfeCount,
  nfe_refunded: nfeCount,
  price_micro_usd: z.number().int().nonnegative(),
  price_micro_usd_per_nfe: z.number().int().positive(),
  /** SHA-256 of the trace, which lists every evaluation that was charged; null when nothing was. */
  receipt_sha256: sha256Schema.nullable(),
})
export type Usage = z.infer<typeof usageSchema>

export const resultSchema = z.strictObject({
  reward: z.number(),
  counts: z.strictObject({
    asked: z.record(z.string(), z.number().int()),
    found: z.record(z.string(), z.number().int()),
    /** Every asked thing found as often as asked, and nothing else found. */
    exact: z.boolean(),
  }),
})
export type Result = z.infer<typeof resultSchema>

export const outputSchema = z.strictObject({
  /** Presigned, made for this answer: fetch it before expires_at, or ask again for a fresh one. */
  url: z.url(),
  expires_at: z.iso.datetime(),
  /** The API's own link, good as long as the generation: with the key it redirects to a fresh presigned one. */
  link: z.url(),
  content_type: z.enum(OUTPUT_CONTENT_TYPES),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  bytes: z.number().int().positive(),
  sha256: sha256Schema,
  /** What the reward sees in this image; the first output's is the result. */
  reward: z.number(),
  found: z.record(z.string(), z.number().int()),
  exact: z.boolean(),
})

/** Where the webhook stands, kept apart from the generation's own status. */
export const DELIVERY_STATES = ['pending', 'delivered', 'undelivered', 'disabled'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

export const generationSchema = z.strictObject({
  object: z.literal('generation'),
  id: z.string(),
  status: z.enum(GENERATION_STATUSES),
  stop_reason: z.enum(STOP_REASONS).nullable(),
  pack: z.string(),
  prompt: z.string(),
  reward: z.strictObject({ name: z.literal('count'), counts: z.record(z.string(), z.number().int()) }),
  search: z.enum(SEARCH_NAMES),
  seed: z.number().int(),
  nfe_budget: z.number().int(),
  target_reward: z.number().nullable(),
  n_outputs: z.number().int(),
  format: z.enum(IMAGE_FORMATS),
  previews: z.boolean(),
  /** When the search stops with its best so far; null without a deadline. */
  deadline_at: z.iso.datetime().nullable(),
  /** When it expires unless the search has begun; null without such a limit. */
  start_by: z.iso.datetime().nullable(),
  /** When somebody asked to cancel it; it may have ended otherwise before the runner saw that. */
  cancel_requested_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  progress: progressSchema.nullable(),
  usage: usageSchema,
  result: resultSchema.nullable(),
  outputs: z.array(outputSchema),
  /** The trace of the search, once it has ended; null where nothing was evaluated. */
  trace: traceSchema.nullable(),
  /** The generation whose search this one goes on with. */
  extends: z.string().nullable(),
  /** Whether it can be extended: its search spent its budget, and what it knows is kept. */
  extendable: z.boolean(),
  webhook: z.strictObject({ url: z.string(), state: z.enum(DELIVERY_STATES), attempts: z.number().int() }).nullable(),
  /** Why it failed, in a sentence; null unless status is `failed`. */
  error: z.strictObject({ code: z.string(), detail: z.string() }).nullable(),
  /** The batch it is a line of. */
  batch: z.strictObject({ id: z.string(), line: nfeCount }).nullable(),
  metadata: metadataSchema,
  retention_seconds: z.number().int(),
  /** When images, trace and prompt are deleted; null before it ended. */
  expires_at: z.iso.datetime().nullable(),
})
export type Generation = z.infer<typeof generationSchema>
