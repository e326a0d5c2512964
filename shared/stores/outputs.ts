/** Outputs and traces in the bucket. Every key is new (the fence is part of it) and never overwritten; clients get short presigned links. */
import { CopyObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { OutputFormat } from '../contract/output.ts'

export interface Bucket {
  readonly client: S3Client
  readonly name: string
}

/** A link dies with the credentials that signed it, so it is made at each request and lives this long. */
export const LINK_SECONDS = 3600

interface Attempt {
  readonly accountId: string
  readonly generationId: string
  readonly fence: number
}

export const outputKey = (at: Attempt & { index: number; format: OutputFormat }): string =>
  `outputs/${at.accountId}/${at.generationId}/${at.fence}-${at.index}.${at.format}`

export const traceKey = (at: Attempt): string => `traces/${at.accountId}/${at.generationId}/${at.fence}.jsonl`

export const checkpointKey = (at: Attempt): string => `checkpoints/${at.accountId}/${at.generationId}/${at.fence}.bin`

/** The state that an extension begins with: before its first attempt, whose fence is 1. */
export const startKey = (named: Omit<Attempt, 'fence'>): string => checkpointKey({ ...named, fence: 0 })

/** A state in the middle of an attempt: which one its NFEs say. */
export const resumeKey = (at: Attempt & { nfe: number }): string =>
  `checkpoints/${at.accountId}/${at.generationId}/${at.fence}-${at.nfe}.bin`

/** Rejects when there is none. */
export const getObject = async (bucket: Bucket, key: string): Promise<Uint8Array> => {
  const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }))
  if (Body === undefined) throw new Error(`the object ${key} has no body`)
  return Body.transformToByteArray()
}

/** Stores an object under a fresh key. Written twice it is the same object: a key names one attempt, and that its bytes. */
export const putObject = async (
  bucket: Bucket,
  { key, bytes, contentType }: { key: string; bytes: Uint8Array; contentType: string },
): Promise<void> => {
  await bucket.client.send(
    new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: bytes, ContentType: contentType }),
  )
}

/** Copies an object within the bucket; again it is the same copy. Rejects when there is none. */
export const copyObject = async (bucket: Bucket, { from, to }: { from: string; to: string }): Promise<void> => {
  await bucket.client.send(
    new CopyObjectCommand({ Bucket: bucket.name, CopySource: encodeURI(`${bucket.name}/${from}`), Key: to }),
  )
}

/** A link that reads one object until it expires. */
export const presignOutput = (bucket: Bucket, key: string, expiresIn = LINK_SECONDS): Promise<string> =>
  getSignedUrl(bucket.client, new GetObjectCommand({ Bucket: bucket.name, Key: key }), { expiresIn })
