/**
 * The trace of a search: JSON Lines, one told candidate a line, in the order they were told. The same request and seed
 * give the same bytes, so its SHA-256, shown as the receipt, can be checked by searching again. Its last line's `nfe` is
 * what the generation used.
 */
import { z } from 'zod'

export const TRACE_CONTENT_TYPE = 'application/jsonl'

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)

const count = z.number().int().nonnegative()

export const traceLineSchema = z.strictObject({
  nfe: count.describe('NFEs used by the whole search, this candidate included.'),
  step: count.describe('Grid time of the candidate, counted from noise.'),
  lane: count,
  candidate: count.describe('Noise coordinate: with seed, lane and step it draws the candidate again.'),
  t: z
    .number()
    .min(0)
    .max(1)
    .describe("Time of the evaluated latent in the network's own interpolant; 1 is noise, 0 is data."),
  reward: z.number().nullable().describe("null where the search did not look at this candidate's reward."),
  reward_name: z.string().describe('The reward that the search maximised.'),
  accepted: z.boolean(),
  quota: count.describe('NFEs that this step of this lane could spend, rollover included.'),
  finished: z
    .boolean()
    .describe("Whether the reward is a finished image's; otherwise it is that of an estimate on the way."),
})
export type TraceLine = z.infer<typeof traceLineSchema>

/** Where the trace of a generation is, and the hash of its bytes. */
export const traceSchema = z.strictObject({
  url: z.url().describe('Redirects to a fresh presigned link; needs the API key.'),
  sha256: sha256Schema,
  bytes: z.number().int().positive(),
  lines: z.number().int().positive().describe('Candidates told.'),
  /** What an `adaptive` search had learned before it began; null of others. With the pack, request and seed it gives the same trace. */
  profile_sha256: sha256Schema.nullable(),
})
