/** A pack by its folder or by its place in S3, as a folder of this machine. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { pullPack } from './pull.ts'
import { isS3Url } from './s3-place.ts'

/** @param cache where packs from S3 are kept, each in a folder of its own. Rejects with PackError. */
export const localPack = async (on: { s3: S3Client; where: string; cache: string }): Promise<string> => {
  if (!isS3Url(on.where)) return on.where
  const folder = join(on.cache, createHash('sha256').update(on.where).digest('hex').slice(0, 16))
  await pullPack({ s3: on.s3, source: on.where, folder })
  return folder
}
