/**
 * What a client's own scoring server (`reward: {name: "http"}`) is sent, signed as webhooks are, and what it must answer
 * with status 200.
 */
import { z } from 'zod'

/** Images of one call at most. */
export const MAX_SCORED_IMAGES = 8
/** Far beyond any reward there is. */
export const MAX_REWARD = 1e9

export const scoringCallSchema = z.strictObject({
  type: z.literal('reward.requested'),
  generation_id: z.string(),
  prompt: z.string(),
  images: z
    .array(
      z.strictObject({
        id: z.string(),
        content_type: z.literal('image/png'),
        data: z.base64().describe('The file.'),
      }),
    )
    .min(1)
    .max(MAX_SCORED_IMAGES),
})
export type ScoringCall = z.infer<typeof scoringCallSchema>

/** One entry for each image, in any order; other keys are ignored. */
export const scoringAnswerSchema = z.object({
  rewards: z.array(z.object({ id: z.string(), reward: z.number().min(-MAX_REWARD).max(MAX_REWARD) })),
})
