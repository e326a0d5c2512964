/** The webhook worker as a process of the local stack: what Lambda's queue mapping does in the cloud. */
import { deliverWebhook } from '../../functions/webhooks/deliver.ts'
import { connectWebhooks } from '../../functions/webhooks/settings.ts'
import { receiveMessages } from '../../shared/aws/receive-messages.ts'
import { deliveryMessageSchema } from '../../shared/contract/queue.ts'
import { endWithParent } from './end-with-parent.ts'

const CONCURRENCY = 4
/** Longer than the slowest delivery, so that a message in hand is not handed out again. */
const VISIBILITY_SECONDS = 60

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectWebhooks(process.env, { now: Date.now, random: Math.random })
const stopping = new AbortController()
endWithParent(() => stopping.abort())
process.send?.('ready')
await receiveMessages({
  client: context.queues.client,
  queueUrl: context.queues.deliveriesUrl,
  parse: (body) => deliveryMessageSchema.parse(body),
  concurrency: CONCURRENCY,
  visibilitySeconds: VISIBILITY_SECONDS,
  handle: async ({ message }) => {
    await deliverWebhook(context, message)
    return { kind: 'delete' }
  },
  signal: stopping.signal,
})
process.exit(0)
