/**
 * A pack from S3 to a folder of this machine. Files that are there with the right content stay, so a second task on the
 * machine, or a second start, costs a read of the disk; a transfer that was cut off goes on where it was. The manifest
 * comes last: a folder with one is whole.
 */
import { mkdir, mkdtemp, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { sha256OfFile } from '../pack/digest.ts'
import { MAX_MANIFEST_BYTES, PackError, parseManifest } from '../pack/read-pack.ts'
import type { OnProgress } from './progress.ts'
import { sizeText } from './progress.ts'
import { pullFile } from './pull-file.ts'
import { keyOf, type S3Place, s3PlaceOf } from './s3-place.ts'

export interface PullPack {
  readonly s3: S3Client
  /** s3://bucket/prefix, in which the files of the pack lie by their names. */
  readonly source: string
  readonly folder: string
  readonly onProgress?: OnProgress
}

export interface Pulled {
  readonly files: number
  readonly bytes: number
}

/** Room that is left on the disk for others. */
const RESERVE_BYTES = 64 * 2 ** 20

/**
 * @returns what was fetched, the manifest not counted. Rejects with PackError when the manifest is not one, the disk is too
 * small, or a file is missing or another than the manifest says; then the folder has no manifest of this pack.
 */
export const pullPack = async ({ s3, source, folder, onProgress }: PullPack): Promise<Pulled> => {
  const place = s3PlaceOf(source)
  const text = await readManifest(s3, place)
  const { files } = parseManifest(text)
  await mkdir(folder, { recursive: true })
  const missing: [string, { sha256: string; bytes: number }][] = []
  for (const [file, listed] of Object.entries(files))
    if ((await sha256OfFile(join(folder, file))) !== listed.sha256) missing.push([file, listed])
  const bytes = missing.reduce((sum, [, listed]) => sum + listed.bytes, 0)
  await checkDisk(folder, bytes)
  for (const [file, listed] of missing)
    await pullFile({ s3, place, file, listed, folder, ...(onProgress && { onProgress }) })
  await putManifest(folder, text)
  return { files: missing.length, bytes }
}

const readManifest = async (s3: S3Client, place: S3Place): Promise<Uint8Array> => {
  const where = `s3://${place.bucket}/${keyOf(place, 'pack.json')}`
  const found = await s3
    .send(new GetObjectCommand({ Bucket: place.bucket, Key: keyOf(place, 'pack.json') }))
    .catch((cause: unknown) => {
      throw new PackError(`${where} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
    })
  if ((found.ContentLength ?? 0) > MAX_MANIFEST_BYTES)
    throw new PackError(`${where} has ${found.ContentLength} bytes, more than any manifest.`)
  return (await found.Body?.transformToByteArray()) ?? new Uint8Array()
}

const checkDisk = async (folder: string, bytes: number): Promise<void> => {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (bytes > 0 && bytes + RESERVE_BYTES > free)
    throw new PackError(
      `The pack needs ${sizeText(bytes)} more on the disk of ${folder}, which has ${sizeText(free)} free.`,
    )
}

/** Two tasks of one machine may pull at once: the last rename wins with the same bytes. */
const putManifest = async (folder: string, text: Uint8Array): Promise<void> => {
  const own = await mkdtemp(join(folder, '.manifest-'))
  try {
    await writeFile(join(own, 'pack.json'), text)
    await rename(join(own, 'pack.json'), join(folder, 'pack.json'))
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}
