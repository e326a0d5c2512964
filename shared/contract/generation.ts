/**
 * Generations as clients see them: the request that creates one and the object every route returns.
 * Names are snake_case on the wire; amounts are integers (NFEs, micro-dollars), times ISO 8601 in UTC.
 */
import { z } from 'zod'
import type { AddressPolicy } from '../domain/public-address.ts'
import { DEFAULT_RETENTION_SECONDS, MAX_RETENTION_SECONDS, MIN_RETENTION_SECONDS } from '../domain/retention.ts'
import { metadataSchema } from './metadata.ts'
import { OUTPUT_CONTENT_TYPES, OUTPUT_FORMATS } from './output.ts'
import { placeSchema } from './place.ts'
import { DEFAULT_PRIORITY, PRIORITIES } from './priority.ts'
import { rewardPartSchema, rewardRequestSchema, rewardSchema } from './reward.ts'
import { SEARCH_NAMES } from './search-names.ts'
import { READABLE_PATTERN, textSchema } from './text.ts'
import { sha256Schema, traceSchema } from './trace.ts'
import { webhookUrlSchema } from './webhook-url.ts'

export const MAX_PROMPT_CHARACTERS = 2000
export const MAX_SEED = 0xffff_ffff
export const MAX_OUTPUTS = 16
/** Far beyond any reward there is. */
const MAX_TARGET_REWARD = 1e9
const MIN_TARGET_REWARD = 1e-9
const MAX_DEADLINE_SECONDS = 86_400

const nfeCount = z.number().int().nonnegative()

/** @param webhooks which webhook addresses are taken: public https ones, unless the deployment says otherwise. */
export const generationRequestSchema = (webhooks: AddressPolicy) =>
  z.strictObject({
    prompt: textSchema
      .trim()
      .min(1)
      .max(MAX_PROMPT_CHARACTERS)
      .meta({ pattern: READABLE_PATTERN, description: 'What to draw, in words that the pack knows.' }),
    reward: rewardRequestSchema(webhooks)
      .optional()
      .describe('The reward to maximise; the default of the pack unless said.'),
    nfe_budget: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .describe('Most NFEs that may be spent; what is not used is refunded.'),
    seed: z
      .number()
      .int()
      .min(0)
      .max(MAX_SEED)
      .optional()
      .describe('Same request and seed, same image. Drawn by the service when left out, and shown.'),
    search: z.enum(SEARCH_NAMES).default('rbf'),
    pack: z.string().min(1).max(64).optional().describe('The first that `GET /v1/packs` lists when left out.'),
    target_reward: z
      .number()
      .min(-MAX_TARGET_REWARD)
      .max(MAX_TARGET_REWARD)
      // DynamoDB keeps no number that is closer to 0 than 1e-130.
      .transform((reward) => (Math.abs(reward) < MIN_TARGET_REWARD ? 0 : reward))
      .optional()
      .describe('Stop as soon as an image reaches this reward, and refund the rest.'),
    n_outputs: z
      .number()
      .int()
      .min(1)
      .max(MAX_OUTPUTS)
      .default(1)
      .describe(
        'Images wanted: distinct ones, best first. Fewer come back when the search is stopped before it has so many.',
      ),
    format: z
      .enum(OUTPUT_FORMATS)
      .optional()
      .describe(
        'png, webp or jpeg of a pack that gives images, svg or json of one that gives paths; the first unless said.',
      ),
    previews: z
      .boolean()
      .default(false)
      .describe('Show the search in the live events: the best image so far, each candidate with a thumbnail.'),
    priority: z
      .enum(PRIORITIES)
      .default(DEFAULT_PRIORITY)
      .describe('`low` costs less, and is searched after what is `standard`: one in five while that waits.'),
    deadline_seconds: z
      .number()
      .int()
      .min(1)
      .max(MAX_DEADLINE_SECONDS)
      .optional()
      .describe(
        'Seconds from acceptance after which the search stops and its best so far is the answer, billed for what was used.',
      ),
    start_ttl_seconds: z
      .number()
      .int()
      .min(1)
      .max(MAX_DEADLINE_SECONDS)
      .optional()
      .describe(
        'Seconds from acceptance within which the search must have begun; otherwise it expires and costs nothing.',
      ),
    webhook_url: webhookUrlSchema(webhooks).optional(),
    metadata: metadataSchema.default({}).describe('Yours: shown with the generation and in its events, never read.'),
    retention_seconds: z
      .number()
      .int()
      .min(MIN_RETENTION_SECONDS)
      .max(MAX_RETENTION_SECONDS)
      .default(DEFAULT_RETENTION_SECONDS)
      .describe(
        'Seconds after its end at which images, trace and prompt are deleted; what was charged stays on the books.',
      ),
  })

/** What may be said anew when a finished search goes on; the rest is that of the generation it extends. */
export const extensionRequestSchema = (webhooks: AddressPolicy) =>
  generationRequestSchema(webhooks)
    .pick({
      nfe_budget: true,
      target_reward: true,
      deadline_seconds: true,
      start_ttl_seconds: true,
      webhook_url: true,
      metadata: true,
      retention_seconds: true,
    })
    .extend({ priority: z.enum(PRIORITIES).optional().describe('That of the generation it extends, unless said.') })

export type GenerationRequest = z.infer<ReturnType<typeof generationRequestSchema>>

export const GENERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const
export type GenerationStatus = (typeof GENERATION_STATUSES)[number]
export const STOP_REASONS = ['budget', 'target_reward', 'deadline', 'canceled', 'converged'] as const
export type StopReason = (typeof STOP_REASONS)[number]

export const progressSchema = z.strictObject({
  step: z.number().int().nonnegative(),
  steps: z.number().int().nonnegative(),
  nfe_used: nfeCount,
  best_reward: z.number().nullable().describe('null before the first candidate is scored.'),
  quota: nfeCount.describe('NFEs the current step may spend, rollover included.'),
  rolled_over: nfeCount.describe('NFEs that steps handed on to later steps so far.'),
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

const things = z.record(z.string(), z.number().int())

export const resultSchema = z.strictObject({
  reward: z.number(),
  parts: z.array(rewardPartSchema).describe('What each part of a composite reward said; one part of any other.'),
  counts: z
    .strictObject({
      asked: things,
      found: things,
      exact: z.boolean().describe('Every asked thing found as often as asked, and nothing else found.'),
    })
    .nullable()
    .describe('null unless the reward counts.'),
})
export type Result = z.infer<typeof resultSchema>

/** The same output in another format of its kind. */
export const alternateSchema = z.strictObject({
  format: z.enum(OUTPUT_FORMATS),
  content_type: z.enum(OUTPUT_CONTENT_TYPES),
  url: z.url().describe('Presigned, as that of the output.'),
  bytes: z.number().int().positive(),
  sha256: sha256Schema,
})

export const outputSchema = z.strictObject({
  url: z.url().describe('Presigned, made for this answer: fetch it before expires_at, or ask again for a fresh one.'),
  expires_at: z.iso.datetime(),
  link: z
    .url()
    .describe(
      "The API's own link, good as long as the generation: with the key it redirects to a fresh presigned one.",
    ),
  content_type: z.enum(OUTPUT_CONTENT_TYPES),
  width: z.number().int().positive().describe('Pixels of the image, or of the drawing of a path.'),
  height: z.number().int().positive(),
  bytes: z.number().int().positive(),
  sha256: sha256Schema,
  reward: z.number().describe("What the reward sees in this image; the first output's is the result."),
  parts: z.array(rewardPartSchema),
  found: things.nullable().describe('null unless the reward counts, and `exact` too.'),
  exact: z.boolean().nullable(),
  places: z
    .array(placeSchema)
    .nullable()
    .describe('Where each thing stands that the reward is sure of; null where it does not say.'),
  alternates: z.array(alternateSchema).describe('The same path in the other format; empty of an image.'),
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
  reward: rewardSchema,
  search: z.enum(SEARCH_NAMES),
  seed: z.number().int(),
  nfe_budget: z.number().int(),
  target_reward: z.number().nullable(),
  n_outputs: z.number().int(),
  format: z.enum(OUTPUT_FORMATS),
  previews: z.boolean(),
  priority: z.enum(PRIORITIES),
  deadline_at: z.iso
    .datetime()
    .nullable()
    .describe('When the search stops with its best so far; null without a deadline.'),
  start_by: z.iso
    .datetime()
    .nullable()
    .describe('When it expires unless the search has begun; null without such a limit.'),
  cancel_requested_at: z.iso
    .datetime()
    .nullable()
    .describe('When somebody asked to cancel it; it may have ended otherwise before the runner saw that.'),
  created_at: z.iso.datetime(),
  estimated_start_at: z.iso
    .datetime()
    .nullable()
    .describe('When it was expected to begin, as it was accepted; null once it has begun, and where nothing is known.'),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  progress: progressSchema.nullable(),
  usage: usageSchema,
  result: resultSchema.nullable(),
  outputs: z.array(outputSchema),
  outputs_held_back: nfeCount.describe('Images found that the content policy of this service does not give out.'),
  trace: traceSchema
    .nullable()
    .describe('The trace of the search, once it has ended; null where nothing was evaluated.'),
  extends: z.string().nullable().describe('The generation whose search this one goes on with.'),
  extendable: z
    .boolean()
    .describe('Whether it can be extended: its search has ended with something to go on with, and that is kept.'),
  webhook: z.strictObject({ url: z.string(), state: z.enum(DELIVERY_STATES), attempts: z.number().int() }).nullable(),
  error: z
    .strictObject({ code: z.string(), detail: z.string() })
    .nullable()
    .describe('Why it failed, in a sentence; null unless status is `failed`.'),
  batch: z.strictObject({ id: z.string(), line: nfeCount }).nullable().describe('The batch it is a line of.'),
  metadata: metadataSchema,
  retention_seconds: z.number().int(),
  expires_at: z.iso.datetime().nullable().describe('When images, trace and prompt are deleted; null before it ended.'),
})
export type Generation = z.infer<typeof generationSchema>
