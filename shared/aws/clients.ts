/**
 * The AWS clients, the only place that makes them. Built without endpoints or credentials: the environment decides
 * (AWS_ENDPOINT_URL_DYNAMODB, _SQS and _S3 on a laptop; the task's role in the cloud).
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { MARSHALL, sendDirectly } from './send-directly.ts'

export interface Clients {
  readonly dynamodb: DynamoDBDocumentClient
  readonly sqs: SQSClient
  readonly s3: S3Client
  destroy(): void
}

/**
 * The SDK's own limit for a connection that has gone silent is 5 minutes of DynamoDB, 15 of SQS, none of S3: a lane that
 * waits there works on nothing. Two tries fit into the edge's 25 s, and two into a lease of 30 s.
 */
const CONNECT_MS = 3000
const ANSWER_MS = 10_000
const OBJECT_ANSWER_MS = 20_000
/** Above the longest poll of a queue, which says so itself (receive-messages.ts). */
const IDLE_MS = 35_000

/** @param ms until the head of an answer; one whose body stops half way is given up after IDLE_MS. */
const within = (ms: number) => ({
  requestHandler: {
    connectionTimeout: CONNECT_MS,
    requestTimeout: ms,
    socketTimeout: IDLE_MS,
    throwOnRequestTimeout: true,
  },
})

export const createClients = (): Clients => {
  const raw = new DynamoDBClient(within(ANSWER_MS))
  const sqs = new SQSClient(within(ANSWER_MS))
  const s3 = new S3Client({
    ...within(OBJECT_ANSWER_MS),
    // Presigned PUTs must not carry a checksum the uploader cannot know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const dynamodb = DynamoDBDocumentClient.from(raw, { marshallOptions: { ...MARSHALL } })
  const straight = [sendDirectly(dynamodb, ANSWER_MS), sendDirectly(sqs, ANSWER_MS)]
  return {
    dynamodb,
    sqs,
    s3,
    destroy: () => {
      for (const each of [raw, sqs, s3, ...straight]) each.destroy()
    },
  }
}
