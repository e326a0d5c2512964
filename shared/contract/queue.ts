/** Messages on the two queues. They carry ids only: the items in the table are the truth. */
import { z } from 'zod'

export const generationMessageSchema = z.strictObject({
  account_id: z.string().min(1),
  generation_id: z.string().min(1),
})
export type GenerationMessage = z.infer<typeof generationMessageSchema>

export const deliveryMessageSchema = z.strictObject({ account_id: z.string().min(1), delivery_id: z.string().min(1) })
export type DeliveryMessage = z.infer<typeof deliveryMessageSchema>
