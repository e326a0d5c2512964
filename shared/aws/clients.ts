/**
 * The AWS clients, the only place that makes them. Built without endpoints or credentials: the environment decides
 * (AWS_ENDPOINT_URL_DYNAMODB, _SQS and _S3 on a laptop; the task's role in the cloud).
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { Sha256 } from './sha256.ts'

export interface Clients {
  readonly dynamodb: DynamoDBDocumentClient
  readonly sqs: SQSClient
  readonly s3: S3Client
  destroy(): void
}

export const createClients = (): Clients => {
  const raw = new DynamoDBClient({ sha256: Sha256 })
  const sqs = new SQSClient({ sha256: Sha256 })
  // Presigned PUTs must not carry a checksum the uploader cannot know.
  const s3 = new S3Client({
    sha256: Sha256,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const dynamodb = DynamoDBDocumentClient.from(raw, { marshallOptions: { removeUndefinedValues: true } })
  return {
    dynamodb,
    sqs,
    s3,
    destroy: () => {
      for (const client of [raw, sqs, s3]) client.destroy()
    },
  }
}
