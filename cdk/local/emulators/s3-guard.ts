/** What S3 refuses and s3rver does not: checked before a request reaches s3rver. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { acceptChunked } from './s3-chunked.ts'
import { S3Refusal } from './s3-refusal.ts'
import { verifySignature } from './s3-signature.ts'
import { checkKey } from './s3-store.ts'
import type { ObjectStore } from './types-s3.ts'

// Fault: s3rver takes a PUT with a sub-resource that it does not know for a PUT of the object, and overwrites it.
const NOT_IMPLEMENTED = new Set([
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'encryption',
  'inventory',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'publicAccessBlock',
  'replication',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'versionId',
  'versioning',
  'versions',
  'website',
])

export interface Admitted {
  bucket: string
  /** Empty: the request is about the bucket. */
  key: string
  query: URLSearchParams
}

/** Lets a request in whose key, signature and sub-resource are good. @throws S3Refusal */
export function admit(request: IncomingMessage, keys: Readonly<Record<string, string>>): Admitted {
  const { url = '', method = '', headers } = request
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
  const [, bucket = '', ...rest] = decode(path).split('/')
  const key = rest.join('/')
  checkKey(bucket)
  checkKey(key)
  // A browser asks for CORS without a signature; s3rver answers from the bucket's rules.
  if (method === 'OPTIONS') return { bucket, key, query }

  // Fault: requests without any signature are served.
  verifySignature({ method, path, query, headers }, keys, Date.now())
  for (const name of query.keys()) {
    if (NOT_IMPLEMENTED.has(name)) throw new S3Refusal(501, 'NotImplemented', `?${name} is not emulated locally`)
  }
  // Fault: the upload id becomes part of a path, unread.
  if (!/^[0-9a-f]*$/.test(query.get('uploadId') ?? '') || !/^\d*$/.test(query.get('partNumber') ?? '')) {
    throw new S3Refusal(404, 'NoSuchUpload', 'The upload does not exist')
  }
  acceptChunked(request)
  return { bucket, key, query }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new S3Refusal(400, 'InvalidURI', 'The path is not valid UTF-8')
  }
}

/** For a PUT with If-None-Match. @throws S3Refusal PreconditionFailed */
export async function checkAbsent(store: ObjectStore, { bucket, key }: Admitted, condition: string): Promise<void> {
  if (condition !== '*') throw new S3Refusal(501, 'NotImplemented', 'If-None-Match on a PUT may only be *')
  if (await store.existsObject(bucket, key)) {
    throw new S3Refusal(412, 'PreconditionFailed', 'The object exists already')
  }
}

/**
 * Rewrites the Range header into the one form that s3rver reads right.
 *
 * Fault: s3rver reads `bytes=-5`, the last five bytes, as the first six, and answers nonsense to what is no range.
 */
export async function normaliseRange(
  store: ObjectStore,
  { bucket, key }: Admitted,
  request: IncomingMessage,
): Promise<void> {
  const { range } = request.headers
  if (range === undefined) return
  const suffix = /^bytes=-(\d+)$/.exec(range)?.[1]
  if (suffix !== undefined && key && (await store.existsObject(bucket, key))) {
    const size = Number((await store.getMetadata(bucket, key))['content-length'])
    request.headers.range = `bytes=${Math.max(0, size - Number(suffix))}-${Math.max(0, size - 1)}`
  } else if (!/^bytes=\d+-\d*$/.test(range)) delete request.headers.range
}

/** Answers with the refusal; anything else is the emulator's fault, logged and answered with a 500. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = error instanceof S3Refusal
  if (!known) console.error('s3:', error)
  const { status, code, message } = known ? error : new S3Refusal(500, 'InternalError', 'Internal error')
  request.resume()
  if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/xml' })
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  response.end(request.method === 'HEAD' ? undefined : body)
}
