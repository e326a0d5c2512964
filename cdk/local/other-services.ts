/** DynamoDB, SQS and S3 of another emulator, which somebody else has started: all three at one address. */
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { createClients } from '../../shared/aws/clients.ts'

/**
 * What LocalStack and its like take for the account's root unless told otherwise. Not ours: ministack, like AWS, refuses a presigned
 * link of a key that it has never heard of.
 */
export const ROOT_CREDENTIALS = { awsAccessKeyId: 'test', awsSecretAccessKey: 'test' } as const

/** A queue, and where its messages go that nobody could read. */
export interface QueuePair {
  readonly name: string
  readonly dead: string
  readonly maxReceives: number
}

/**
 * Makes bucket and queues there, or finds those of an earlier start. The clients find the place and their credentials in
 * the environment, like the service itself. @returns queue name -> URL.
 */
export const openElsewhere = async (on: {
  bucket: string
  queues: readonly QueuePair[]
}): Promise<Record<string, string>> => {
  const clients = createClients()
  try {
    await clients.s3.send(new CreateBucketCommand({ Bucket: on.bucket })).catch((error: Error) => {
      if (!error.name.startsWith('BucketAlready')) throw error
    })
    const made = await Promise.all(on.queues.map((pair) => openQueue(clients.sqs, pair)))
    return Object.fromEntries(made)
  } finally {
    clients.destroy()
  }
}

/** Asked for again with the same attributes, a queue is the one that is there. */
const openQueue = async (sqs: SQSClient, { name, dead, maxReceives }: QueuePair): Promise<[string, string]> => {
  const { QueueUrl: deadUrl } = await sqs.send(new CreateQueueCommand({ QueueName: dead }))
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['QueueArn'] }),
  )
  const policy = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: maxReceives }
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy: JSON.stringify(policy) } }),
  )
  return [name, QueueUrl ?? '']
}
