/** Where a counted thing stands in an image. */
import { z } from 'zod'

const share = z.number().min(0).max(1)

export const placeSchema = z.strictObject({
  name: z.string(),
  x: share.describe('Its centre, as a share of the width, from the left.'),
  y: share.describe('As a share of the height, from the top.'),
  probability: share,
})
export type Place = z.infer<typeof placeSchema>
