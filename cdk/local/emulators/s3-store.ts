/** Repairs of s3rver's files: nothing outside the folder, objects appear whole or not at all. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { plainBody } from './s3-chunked.ts'
import { S3Refusal } from './s3-refusal.ts'
import type { ObjectStore, S3rver } from './types-s3.ts'

// A file name may have 255 bytes; s3rver appends up to 23 to the last part of a key.
const MAX_PART_BYTES = 230
const RESOURCES = ['object', 'object.md5', 'metadata.json', 'tagging.xml']

/**
 * Refuses keys that s3rver would put elsewhere than S3 does: `..` leaves the folder, `.` and empty parts collapse into
 * another key's file. S3 would take them; the emulator says so instead of mixing objects up.
 */
export function checkKey(key: string): void {
  const parts = key.split('/')
  const bad = parts.some((part, i) => part === '.' || part === '..' || (part === '' && i < parts.length - 1))
  if (bad || key.includes('\0')) throw new S3Refusal(400, 'InvalidArgument', 'The local S3 cannot store such a key')
  if (parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES)) {
    throw new S3Refusal(400, 'KeyTooLongError', `Locally a part of a key may have ${MAX_PART_BYTES} bytes`)
  }
}

/** Mends the store in place. `incoming` is a folder on the same disk for bodies that are still being received. */
export function repairStore(store: ObjectStore, s3rver: S3rver, incoming: string): void {
  repairPaths(store, s3rver)
  repairWrites(store, { s3rver, incoming })
  repairDelete(store)
  repairFirstByte(store, s3rver)
}

// Fault: keys such as `../../x` are joined into paths unread, also those of copy sources and of DeleteObjects' body.
function repairPaths(store: ObjectStore, { S3Error }: S3rver): void {
  const { getResourcePath } = store
  store.getResourcePath = (bucket, key, resource) => {
    try {
      checkKey(bucket)
      checkKey(key ?? '')
    } catch (error) {
      throw error instanceof S3Refusal ? new S3Error(error.code, error.message) : error
    }
    return getResourcePath.call(store, bucket, key, resource)
  }
}

/**
 * Fault: bodies are streamed into their final file, so a client or a server that dies half way leaves half an object;
 * and content is stored before its type and checksum, so a kill in between leaves an object of the wrong type.
 * Every file is received in `incoming` and moved into place, the body after everything that describes it.
 *
 * A file that was moved survives the death of the process; fsync, which a power cut would need, is left out here as in
 * the other two emulators. Overwriting a key is not atomic (type and content are two files): keys are written once.
 */
function repairWrites(store: ObjectStore, { s3rver, incoming }: { s3rver: S3rver; incoming: string }): void {
  let bodies = 0
  const receive = async (content: Readable | Buffer) => {
    const part = join(incoming, String(bodies++))
    const md5 = createHash('md5')
    let size = 0
    const measured = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        size += chunk.length
        md5.update(chunk)
        yield chunk
      }
    }
    const body = Buffer.isBuffer(content) ? Readable.from([content]) : plainBody(content)
    try {
      await pipeline(measured(body), createWriteStream(part))
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
    return { part, size, md5: md5.digest('hex') }
  }
  store.putContent = async (path, content) => {
    const { part, size, md5 } = await receive(content)
    await moveInto(part, path)
    return [size, md5]
  }
  store.putMetadata = async (bucket, key, metadata, md5) => {
    const { metadata: kept } = new s3rver.S3Object(bucket, key, null, metadata)
    const file = (resource: string) => store.getResourcePath(bucket, key, resource)
    await store.putContent(file('metadata.json'), Buffer.from(JSON.stringify(kept)))
    if (md5 !== undefined) await store.putContent(file('object.md5'), Buffer.from(md5))
  }
  store.putObject = async ({ bucket, key, content, metadata }) => {
    const path = store.getResourcePath(bucket, key, 'object')
    const { part, size, md5 } = await receive(content ?? Buffer.alloc(0))
    await store.putMetadata(bucket, key, metadata, md5)
    await moveInto(part, path)
    return { size, md5 }
  }
  store.copyObject = async (fromBucket, fromKey, bucket, key, replacement) => {
    const content = createReadStream(store.getResourcePath(fromBucket, fromKey, 'object'))
    const metadata = replacement ?? (await store.getMetadata(fromBucket, fromKey))
    await store.putObject({ bucket, key, content, metadata })
    return store.getMetadata(bucket, key)
  }
}

// Fault: emptied folders are removed after a look inside, which fails when another request was quicker.
function repairDelete(store: ObjectStore): void {
  store.deleteObject = async (bucket, key) => {
    for (const resource of RESOURCES) await rm(store.getResourcePath(bucket, key, resource), { force: true })
    let folder = dirname(store.getResourcePath(bucket, key, 'object'))
    try {
      for (let depth = key.split('/').length - 1; depth > 0; depth--) {
        await rmdir(folder)
        folder = dirname(folder)
      }
    } catch {
      // Not empty, or already gone.
    }
  }
}

// Fault: `bytes=0-0` answers the whole object, since an end of 0 is read as no end.
function repairFirstByte(store: ObjectStore, { S3Object }: S3rver): void {
  const { getObject } = store
  store.getObject = async (bucket, key, range) => {
    const firstByte = range?.start === 0 && range.end === 0
    if (!firstByte || !(await store.existsObject(bucket, key))) return getObject.call(store, bucket, key, range)
    const metadata = await store.getMetadata(bucket, key)
    // No first byte in an empty object: any start beyond its end makes s3rver answer 416.
    if (Number(metadata['content-length']) === 0) return getObject.call(store, bucket, key, { start: 1 })
    const content = createReadStream(store.getResourcePath(bucket, key, 'object'), { start: 0, end: 0 })
    return Object.assign(new S3Object(bucket, key, content, metadata), { range: { start: 0, end: 0 } })
  }
}

// A folder can vanish under a concurrent delete of its last object: it is made again.
async function moveInto(from: string, to: string, attempts = 3): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempts === 1) throw error
    await moveInto(from, to, attempts - 1)
  }
}
