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
  /** NFEs used by the whole search, this candidate included. */
  nfe: count,
  /** Grid time of the candidate, counted from noise. */
  step: count,
  lane: count,
  /** Noise coordinate: with seed, lane and step it draws the candidate again. */
  candidate: count,
  /** Time of the evaluated latent in the network's own interpolant; 1 is noise, 0 is data. */
  t: z.number().min(0).max(1),
  /** null where the search did not look at this candidate's reward. */
  reward: z.number().nullable(),
  accepted: z.boolean(),
  /** NFEs that this step of this lane could spend, rollover included. */
  quota: count,
})
export type TraceLine = z.infer<typeof traceLineSchema>

/** Where the trace of a generation is, and the hash of its bytes. */
export const traceSchema = z.strictObject({
  /** Redirects to a fresh presigned link; needs the API key. */
  url: z.url(),
  sha256: sha256Schema,
  bytes: z.number().int().positive(),
  /** Candidates told. */
  lines: z.number().int().positive(),
})
