/** Sends the two kinds of message; generations have a queue a priority. A message sent twice is harmless: leases and claims decide who works. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { DEFAULT_PRIORITY, type Priority } from '../contract/priority.ts'
import type { DeliveryMessage, GenerationMessage } from '../contract/queue.ts'
import type { GenerationItem } from './generations.ts'

export interface Queues {
  readonly client: SQSClient
  readonly generationsUrls: Readonly<Record<Priority, string>>
  readonly deliveriesUrl: string
}

/** SQS delays a message by at most 15 minutes; later work waits in the due index. */
export const MAX_DELAY_SECONDS = 900

export const sendGenerationMessage = async (
  queues: Queues,
  { id, account_id, priority = DEFAULT_PRIORITY }: Pick<GenerationItem, 'id' | 'account_id' | 'priority'>,
): Promise<void> => {
  const message: GenerationMessage = { account_id, generation_id: id }
  await queues.client.send(
    new SendMessageCommand({
      QueueUrl: queues.generationsUrls[priority],
      MessageBody: JSON.stringify(message),
      // Fair between accounts on a standard queue.
      MessageGroupId: account_id,
    }),
  )
}

export const sendDeliveryMessage = async (
  queues: Queues,
  message: DeliveryMessage,
  delaySeconds = 0,
): Promise<void> => {
  await queues.client.send(
    new SendMessageCommand({
      QueueUrl: queues.deliveriesUrl,
      MessageBody: JSON.stringify(message),
      DelaySeconds: Math.min(MAX_DELAY_SECONDS, Math.ceil(delaySeconds)),
    }),
  )
}
