/** Links that show ended generations to whoever has them: without a key, read-only, for a time. */
import { z } from 'zod'
import { generationSchema, outputSchema, usageSchema } from './generation.ts'
import { sha256Schema, traceSchema } from './trace.ts'

const DAY_SECONDS = 86_400
const MAX_SHARE_SECONDS = 30 * DAY_SECONDS
export const MAX_SHARED = 4

export const shareRequestSchema = z.strictObject({
  generations: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(MAX_SHARED)
    .refine((ids) => new Set(ids).size === ids.length, 'each generation once')
    .meta({ uniqueItems: true })
    .describe('Ids of ended generations, in the order in which they are shown; several are a comparison.'),
  expires_in_seconds: z
    .number()
    .int()
    .min(60)
    .max(MAX_SHARE_SECONDS)
    .default(7 * DAY_SECONDS)
    .describe('The link cannot be taken back before; deleting a generation takes it out of every link.'),
})

export const shareSchema = z.strictObject({
  object: z.literal('share'),
  url: z.url().describe('The page that shows it. The part after # is never sent to a server by a browser.'),
  token: z.string().describe('For `GET /v1/shared/{token}`.'),
  generations: z.array(z.string()),
  expires_at: z.iso.datetime(),
})
export type ShareView = z.infer<typeof shareSchema>

/**
 * What a stranger sees of a generation: what was asked, what was found, what was spent. Nothing of the account: no ids, no
 * prices, no metadata, no addresses.
 */
export const sharedGenerationSchema = generationSchema
  .pick({
    status: true,
    stop_reason: true,
    pack: true,
    prompt: true,
    search: true,
    seed: true,
    nfe_budget: true,
    target_reward: true,
    format: true,
    created_at: true,
    started_at: true,
    finished_at: true,
    result: true,
  })
  .extend({
    reward: z.string().describe('Name of the reward.'),
    counts: z.record(z.string(), z.number().int()).nullable().describe('How many of what were asked for.'),
    usage: usageSchema.pick({ nfe_held: true, nfe_used: true, nfe_refunded: true, receipt_sha256: true }),
    outputs: z.array(outputSchema.omit({ link: true })),
    trace: traceSchema
      .pick({ sha256: true, bytes: true, lines: true })
      .extend({ sha256: sha256Schema, url: z.url().describe('Presigned, made for this answer.') })
      .nullable(),
  })
export type SharedGeneration = z.infer<typeof sharedGenerationSchema>

export const sharedSchema = z.strictObject({
  object: z.literal('shared'),
  expires_at: z.iso.datetime(),
  generations: z.array(sharedGenerationSchema).describe('Those that are not deleted yet.'),
})
export type SharedView = z.infer<typeof sharedSchema>
