/** Batches: many generations in one request, on one shared budget of NFEs. */
import { z } from 'zod'
import type { AddressPolicy } from '../domain/public-address.ts'
import { GENERATION_STATUSES, generationRequestSchema, generationSchema, usageSchema } from './generation.ts'

/** One update holds all lines, and one read looks at them: DynamoDB takes a hundred at once. */
export const MAX_BATCH_LINES = 100
export const MAX_BATCH_BYTES = 256 * 1024

/** A line: the body of a generation, whose budget may be left to its share of the batch's, and a name of the client's. */
export const batchLineSchema = (webhooks: AddressPolicy) => {
  const request = generationRequestSchema(webhooks)
  return request.extend({
    nfe_budget: request.shape.nfe_budget.optional(),
    id: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, '1 to 64 letters, digits, "_", "." and "-"')
      .optional(),
  })
}
export type BatchLine = z.infer<ReturnType<typeof batchLineSchema>>

const count = z.number().int().nonnegative()

export const batchSchema = z.strictObject({
  object: z.literal('batch'),
  id: z.string(),
  status: z.enum(['open', 'ended']).describe('`ended` once every line has.'),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  lines: count,
  progress: z
    .strictObject(
      Object.fromEntries(GENERATION_STATUSES.map((status) => [status, count])) as Record<
        (typeof GENERATION_STATUSES)[number],
        typeof count
      >,
    )
    .describe('Lines by status.'),
  usage: usageSchema.pick({ nfe_held: true, nfe_used: true, nfe_refunded: true, price_micro_usd: true }),
  links: z.strictObject({ self: z.url(), results: z.url() }),
})
export type Batch = z.infer<typeof batchSchema>

/** A line of the results, in the order of the request. */
export const batchResultSchema = z.strictObject({
  line: count,
  id: z.string().nullable(),
  generation_id: z.string(),
  generation: generationSchema.nullable().describe('null once it is deleted.'),
})
