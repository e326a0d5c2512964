/**
 * What `GET /v1/generations/{id}/events` sends while a search runs (server-sent events):
 *
 *   status    where the generation stands: at the start of each connection and at each change; has no id
 *   progress  a step of the search; its id can be given as Last-Event-ID to go on after it
 *   ended     the last event, the same data as in the webhook; id `end`
 */
import { z } from 'zod'
import { generationEventSchema } from './event.ts'
import { GENERATION_STATUSES, progressSchema } from './generation.ts'

export const statusEventSchema = z.strictObject({ id: z.string(), status: z.enum(GENERATION_STATUSES) })

const count = z.number().int().nonnegative()

/** A line of the trace, as far as people who watch need it. */
export const shownCandidateSchema = z.strictObject({
  nfe: count.describe('NFEs used by the whole search, this candidate included.'),
  step: count,
  lane: count,
  reward: z.number().nullable(),
  accepted: z.boolean(),
  quota: count.describe('NFEs that this step of this lane could spend, rollover included.'),
})
export type ShownCandidate = z.infer<typeof shownCandidateSchema>

const webp = z.string().startsWith('data:image/webp;base64,')

export const progressEventSchema = progressSchema.extend({
  attempt: z
    .number()
    .int()
    .positive()
    .describe(
      'Rises when another runner took over and began again: NFEs then start from 0, and only the last attempt is charged.',
    ),
  at: z.iso.datetime(),
  preview: webp
    .nullable()
    .describe(
      'The best image so far as a small data URL; null unless the request asked for previews and the best is a new one.',
    ),
  candidates: z
    .array(shownCandidateSchema)
    // Events that an older runner wrote.
    .default([])
    .describe(
      'What was told since the event before, in order, when the request asked for previews. Of a very fast search only a part: the trace has all.',
    ),
  thumbnails: webp
    .nullable()
    .default(null)
    .describe(
      'One data URL for all candidates of this event that have a reward, in their order: squares one below the other, or what shape the images have. null without any.',
    ),
})
export type ProgressEvent = z.infer<typeof progressEventSchema>

export const endedEventSchema = generationEventSchema.shape.data

/** The id of the event after which nothing comes. */
export const END_EVENT_ID = 'end'

/** Ids sort as the events happened: attempt, then number within it. */
export const progressEventId = (attempt: number, number: number): string =>
  `${String(attempt).padStart(6, '0')}-${String(number).padStart(6, '0')}`

export const lastEventIdSchema = z.union([z.string().regex(/^\d{6}-\d{6}$/), z.literal(END_EVENT_ID)])
