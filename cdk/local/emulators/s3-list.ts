/**
 * ListObjectsV2, answered here.
 *
 * Fault: s3rver pages in the order of its files, which is not the order of keys, so that pages can skip objects; and
 * it encrypts its continuation tokens with DES, which current OpenSSL refuses (every truncated answer is a 500).
 */
import { readdir } from 'node:fs/promises'
import { S3Refusal } from './s3-refusal.ts'
import type { ObjectStore } from './types-s3.ts'

const OBJECT_SUFFIX = '._S3rver_object'
const MAX_KEYS = 1000

interface Page {
  /** Keys and common prefixes, in the order of their UTF-8 bytes. */
  entries: { name: string; isPrefix: boolean }[]
  /** Where the next page starts, if there is one. */
  next?: string | undefined
}

/** The XML answer to `GET /bucket?list-type=2&...`. @throws S3Refusal NoSuchBucket, InvalidArgument */
export async function listObjects(store: ObjectStore, bucket: string, query: URLSearchParams): Promise<string> {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const maxKeys = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS)
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Refusal(400, 'InvalidArgument', 'max-keys is not a number')
  const token = query.get('continuation-token')
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()

  const keys = (await keysOf(store, bucket)).filter((key) => key.startsWith(prefix))
  const page = pageOf(keys, { prefix, delimiter, maxKeys, after })
  const text = query.get('encoding-type') === 'url' ? encodeURIComponent : escapeXml
  const rows = await Promise.all(
    page.entries.map(async ({ name, isPrefix }) => {
      if (isPrefix) return `<CommonPrefixes><Prefix>${text(name)}</Prefix></CommonPrefixes>`
      const object = await store.getMetadata(bucket, name).catch(() => undefined)
      // Deleted since its name was read.
      if (!object) return ''
      const modified = new Date(object['last-modified'] ?? 0).toISOString()
      return (
        `<Contents><Key>${text(name)}</Key><LastModified>${modified}</LastModified>` +
        `<ETag>${escapeXml(object['etag'] ?? '')}</ETag><Size>${object['content-length']}</Size>` +
        '<StorageClass>STANDARD</StorageClass></Contents>'
      )
    }),
  )
  const next = page.next === undefined ? '' : Buffer.from(page.next).toString('base64url')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
    `<Name>${bucket}</Name><Prefix>${text(prefix)}</Prefix><Delimiter>${text(delimiter)}</Delimiter>`,
    `<MaxKeys>${maxKeys}</MaxKeys><KeyCount>${page.entries.length}</KeyCount><IsTruncated>${next !== ''}</IsTruncated>`,
    next && `<NextContinuationToken>${next}</NextContinuationToken>`,
    ...rows,
    '</ListBucketResult>',
  ].join('')
}

async function keysOf(store: ObjectStore, bucket: string): Promise<string[]> {
  const files = await readdir(store.getBucketPath(bucket), { recursive: true }).catch(() => undefined)
  if (!files) throw new S3Refusal(404, 'NoSuchBucket', 'The bucket does not exist')
  return files
    .filter((file) => file.endsWith(OBJECT_SUFFIX))
    .map((file) => file.slice(0, -OBJECT_SUFFIX.length).replaceAll('\\', '/'))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function pageOf(keys: string[], options: { prefix: string; delimiter: string; maxKeys: number; after: string }): Page {
  const { prefix, delimiter, maxKeys, after } = options
  const entries: Page['entries'] = []
  for (const key of keys) {
    const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1
    const name = end === -1 ? key : key.slice(0, end + delimiter.length)
    if (Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0 || name === entries.at(-1)?.name) continue
    if (entries.length === maxKeys) return { entries, next: entries.at(-1)?.name }
    entries.push({ name, isPrefix: end !== -1 })
  }
  return { entries }
}

const escapeXml = (text: string): string => text.replace(/[<>&"]/g, (mark) => `&#${mark.charCodeAt(0)};`)
