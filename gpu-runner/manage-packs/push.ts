/** A pack from a folder to S3: checked first, the manifest last, so that nobody can pull half a pack. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { readPack } from '../pack/read-pack.ts'
import type { OnProgress } from './progress.ts'
import { keyOf, type S3Place, s3PlaceOf } from './s3-place.ts'

export interface PushPack {
  readonly s3: S3Client
  readonly folder: string
  /** s3://bucket/prefix */
  readonly target: string
  readonly onProgress?: OnProgress
}

const PART_BYTES = 16 * 2 ** 20

/** @returns what was sent, the manifest not counted; a file that is there already is not sent. Rejects with PackError on a pack that is not whole. */
export const pushPack = async ({
  s3,
  folder,
  target,
  onProgress,
}: PushPack): Promise<{ files: number; bytes: number }> => {
  const place = s3PlaceOf(target)
  const { manifest, check } = await readPack(folder)
  for (const file of Object.keys(manifest.files)) await check(file)
  let [files, bytes] = [0, 0]
  for (const [file, listed] of Object.entries(manifest.files)) {
    if (await isThere(s3, place, { file, sha256: listed.sha256 })) continue
    await sendFile(s3, place, { file, folder, sha256: listed.sha256, totalBytes: listed.bytes, onProgress })
    files++
    bytes += listed.bytes
  }
  const Body = await readFile(join(folder, 'pack.json'))
  await s3.send(new PutObjectCommand({ Bucket: place.bucket, Key: keyOf(place, 'pack.json'), Body }))
  return { files, bytes }
}

const isThere = async (s3: S3Client, place: S3Place, { file, sha256 }: { file: string; sha256: string }) => {
  try {
    const { Metadata } = await s3.send(new HeadObjectCommand({ Bucket: place.bucket, Key: keyOf(place, file) }))
    return Metadata?.['sha256'] === sha256
  } catch {
    return false
  }
}

const sendFile = async (
  client: S3Client,
  place: S3Place,
  on: { file: string; folder: string; sha256: string; totalBytes: number; onProgress: OnProgress | undefined },
): Promise<void> => {
  const { file, totalBytes } = on
  const upload = new Upload({
    client,
    partSize: PART_BYTES,
    params: {
      Bucket: place.bucket,
      Key: keyOf(place, file),
      Body: createReadStream(join(on.folder, file)),
      Metadata: { sha256: on.sha256 },
    },
  })
  upload.on('httpUploadProgress', ({ loaded = 0 }) => on.onProgress?.({ file, doneBytes: loaded, totalBytes }))
  await upload.done()
}
