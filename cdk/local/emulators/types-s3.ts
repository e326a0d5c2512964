/** The part of @20minutes/s3rver 5.0.0 that the S3 emulator touches, as read from its source. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

export interface StoredObject {
  bucket: string
  key: string
  content: Readable | Buffer | null
  metadata: Record<string, string>
  range?: { start: number; end: number }
}

export interface ObjectStore {
  getBucketPath(bucket: string): string
  getResourcePath(bucket: string, key: string | undefined, resource: string): string
  existsObject(bucket: string, key: string): Promise<boolean>
  getMetadata(bucket: string, key: string): Promise<Record<string, string>>
  putMetadata(bucket: string, key: string, metadata: Record<string, string>, md5: string | undefined): Promise<void>
  putContent(path: string, content: Readable | Buffer): Promise<[size: number, md5: string]>
  putObject(object: StoredObject): Promise<{ size: number; md5: string }>
  getObject(bucket: string, key: string, range?: { start?: number; end?: number }): Promise<StoredObject | null>
  copyObject(
    fromBucket: string,
    fromKey: string,
    bucket: string,
    key: string,
    replacement: Record<string, string> | null,
  ): Promise<Record<string, string>>
  deleteObject(bucket: string, key: string): Promise<void>
  deleteSubresource(bucket: string, key: undefined, type: 'cors'): Promise<void>
}

export interface S3rverServer {
  silent: boolean
  store: ObjectStore
  configureBuckets(): Promise<unknown>
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

export interface S3rverOptions {
  silent: boolean
  directory: string
  vhostBuckets: boolean
  allowMismatchedSignatures: boolean
  configureBuckets: { name: string; configs: string[] }[]
}

export interface S3rver {
  Server: new (options: S3rverOptions) => S3rverServer
  S3Error: new (code: string, message: string) => Error & { code: string; status: number }
  S3Object: new (bucket: string, key: string, content: Readable | null, metadata: object) => StoredObject
  account: { createKeyPair(id: string, secret: string): void }
}
