/** The webhook worker as an AWS Lambda on the deliveries queue; a message that fails alone comes back alone. */
import { deliveryMessageSchema } from '../../shared/contract/queue.ts'
import { deliverWebhook } from './deliver.ts'
import { connectWebhooks } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectWebhooks(process.env, { now: Date.now, random: Math.random })

interface SqsEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[]
}

export const handler = async (event: SqsEvent) => {
  const results = await Promise.allSettled(
    event.Records.map(({ body }) => deliverWebhook(context, deliveryMessageSchema.parse(JSON.parse(body)))),
  )
  const failed = event.Records.filter((_, index) => results[index]?.status === 'rejected')
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
}
