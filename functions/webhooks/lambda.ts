/** The webhook worker as an AWS Lambda on the deliveries queue; a message that fails alone comes back alone. */
import { Logger } from '@aws-lambda-powertools/logger'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { deliveryMessageSchema } from '../../shared/contract/queue.ts'
import { deliverWebhook } from './deliver.ts'
import { connectWebhooks } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectWebhooks(process.env, { now: Date.now, random: Math.random })
const logger = new Logger()
const metrics = new Metrics()

interface SqsEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[]
}

export const handler = async (event: SqsEvent) => {
  const results = await Promise.allSettled(
    event.Records.map(({ body }) => deliverWebhook(context, deliveryMessageSchema.parse(JSON.parse(body)))),
  )
  const failed = event.Records.filter((_, index) => results[index]?.status === 'rejected')
  for (const result of results)
    if (result.status === 'rejected')
      logger.error('a delivery failed; it comes again', { error: String(result.reason) })
  metrics.addMetric('Messages', MetricUnit.Count, event.Records.length)
  metrics.addMetric('FailedMessages', MetricUnit.Count, failed.length)
  metrics.publishStoredMetrics()
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
}
