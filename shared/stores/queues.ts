/** Sends the two kinds of message. A message sent twice is harmless: leases and claims decide who works. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { DeliveryMessage, GenerationMessage } from '../contract/queue.ts'

export interface Queues {
  readonly client: SQSClient
  readonly generationsUrl: string
  readonly deliveriesUrl: string
}

/** SQS delays a message by at most 15 minutes; later work waits in the due index. */
export const MAX_DELAY_SECONDS = 900

export const sendGenerationMessage = async (queues: Queues, message: GenerationMessage): Promise<void> => {
  await queues.client.send(
    new SendMessageCommand({
      QueueUrl: queues.generationsUrl,
      MessageBody: JSON.stringify(message),
      // Fair between accounts on a standard queue.
      MessageGroupId: message.account_id,
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
