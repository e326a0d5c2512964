/** One file of a pack from S3, in ranges side by side; what was fetched before a crash is not fetched again. */
import { constants } from 'node:fs'
import { access, type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { sha256OfFile } from '../pack/digest.ts'
import { PackError } from '../pack/read-pack.ts'
import type { OnProgress } from './progress.ts'
import { keyOf, type S3Place } from './s3-place.ts'

export interface PullFile {
  readonly s3: S3Client
  readonly place: S3Place
  readonly file: string
  readonly listed: { readonly sha256: string; readonly bytes: number }
  readonly folder: string
  readonly onProgress?: OnProgress
  /** Bytes of one range. */
  readonly rangeBytes?: number
}

const RANGE_BYTES = 16 * 2 ** 20
const RANGES_AT_ONCE = 8
/** A connection may break in the middle of a range, which the client does not try again by itself. */
const TRIES = 4

/** Ranges that are on the disk, of the object with this tag. */
const partSchema = z.strictObject({ tag: z.string(), rangeBytes: z.number(), done: z.array(z.number().int()) })
type Part = z.infer<typeof partSchema>

/**
 * Fetches into `.pulling-<sha256>-<file>` beside a record of its ranges, checks the digest of the whole, and renames. Two that pull
 * the same file write the same bytes. Rejects with PackError when the object is missing or another than listed.
 */
export const pullFile = async (on: PullFile): Promise<void> => {
  const { file, listed, folder } = on
  const tag = await checkObject(on)
  // By its name too: two files of a pack may be the same.
  const path = join(folder, `.pulling-${listed.sha256}-${file}`)
  const record = `${path}.json`
  const part = await readPart(path, { tag, rangeBytes: on.rangeBytes ?? RANGE_BYTES, done: [] })
  // Never truncated: another may be writing the same bytes.
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT)
  try {
    await pullRanges(on, { part, handle, record })
    await handle.sync()
  } finally {
    await handle.close()
  }
  const found = (await sha256OfFile(path)) ?? (await sha256OfFile(join(folder, file)))
  await rm(record, { force: true })
  if (found === listed.sha256) return moveInPlace(path, join(folder, file), listed.sha256)
  await rm(path, { force: true })
  // Another that pulled the same file was done between our look at its record and our first range: ours has holes, its is whole.
  if ((await sha256OfFile(join(folder, file))) === listed.sha256) return
  throw new PackError(`${urlOf(on)} has sha256 ${found} where pack.json says ${listed.sha256}.`)
}

const urlOf = ({ place, file }: PullFile): string => `s3://${place.bucket}/${keyOf(place, file)}`

/** The object's tag, once its size is known to be right: nothing is fetched of a file that cannot be the listed one. */
const checkObject = async (on: PullFile): Promise<string> => {
  const found = await on.s3
    .send(new HeadObjectCommand({ Bucket: on.place.bucket, Key: keyOf(on.place, on.file) }))
    .catch((cause: unknown) => {
      throw new PackError(`${urlOf(on)} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
    })
  if (found.ContentLength !== on.listed.bytes)
    throw new PackError(`${urlOf(on)} has ${found.ContentLength} bytes where pack.json says ${on.listed.bytes}.`)
  return found.ETag ?? ''
}

const readPart = async (path: string, fresh: Part): Promise<Part> => {
  try {
    await access(path)
    const known = partSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')))
    return known.tag === fresh.tag && known.rangeBytes === fresh.rangeBytes ? known : fresh
  } catch {
    return fresh
  }
}

const pullRanges = async (
  on: PullFile,
  { part, handle, record }: { part: Part; handle: FileHandle; record: string },
): Promise<void> => {
  const { listed, file, onProgress } = on
  const done = new Set(part.done)
  const lengthOf = (index: number) => Math.min(part.rangeBytes, listed.bytes - index * part.rangeBytes)
  let doneBytes = part.done.reduce((sum, index) => sum + lengthOf(index), 0)
  const left = Array.from({ length: Math.ceil(listed.bytes / part.rangeBytes) }, (_, index) => index)
    .filter((index) => !done.has(index))
    .values()
  let noted: Promise<void> = Promise.resolve()
  const note = () => {
    noted = noted.then(() => writeFile(record, JSON.stringify({ ...part, done: [...done] } satisfies Part)))
    return noted
  }
  const work = async (): Promise<void> => {
    for (const index of left) {
      const first = index * part.rangeBytes
      const bytes = await fetchRange(on, { first, last: first + lengthOf(index) - 1, tag: part.tag })
      await handle.write(bytes, 0, bytes.byteLength, first)
      done.add(index)
      doneBytes += bytes.byteLength
      onProgress?.({ file, doneBytes, totalBytes: listed.bytes })
      await note()
    }
  }
  // Whatever arrives after one has failed is kept: it need not be fetched again.
  const ended = await Promise.allSettled(Array.from({ length: RANGES_AT_ONCE }, work))
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

interface Range {
  readonly first: number
  readonly last: number
  readonly tag: string
}

const fetchRange = async (on: PullFile, { first, last, tag }: Range): Promise<Uint8Array> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const { Body } = await on.s3.send(
        new GetObjectCommand({
          Bucket: on.place.bucket,
          Key: keyOf(on.place, on.file),
          Range: `bytes=${first}-${last}`,
          ...(tag !== '' && { IfMatch: tag }),
        }),
      )
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
      if (bytes.byteLength === last - first + 1) return bytes
      throw new Error(`${bytes.byteLength} bytes came of ${last - first + 1}`)
    } catch (cause) {
      if (attempt < TRIES) continue
      throw new PackError(`${urlOf(on)} broke off: ${cause instanceof Error ? cause.message : cause}.`, { cause })
    }
  }
}

/** Another that pulled the same file may have moved it first. */
const moveInPlace = async (from: string, to: string, sha256: string): Promise<void> => {
  try {
    await rename(from, to)
  } catch (error) {
    if ((await sha256OfFile(to)) !== sha256) throw error
  }
}
