/** AWS Signature Version 4 for S3, as its documentation defines it: signed headers or a presigned URL. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { S3Refusal } from './s3-refusal.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MAX_PRESIGN_SECONDS = 7 * 86_400
const MAX_SKEW_MS = 15 * 60_000
const HEADER = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})$/
const BASIC_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

export interface SignedRequest {
  method: string
  /** As it came over the wire, still percent-encoded. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
}

interface Signature {
  credential: string
  signedHeaders: string
  signature: string
  date: string
  payloadHash: string
  /** Presigned URLs only. */
  expiresSeconds?: number
}

/**
 * Checks that the request was signed by one of `keys` (id -> secret) and is neither expired nor from the future.
 * @throws S3Refusal with the code S3 would answer
 */
export function verifySignature(request: SignedRequest, keys: Readonly<Record<string, string>>, nowMs: number): void {
  const claimed = request.query.has('X-Amz-Signature') ? presigned(request) : headerSigned(request)
  const [id = '', day = '', region = '', service = ''] = claimed.credential.split('/')
  const secret = Object.hasOwn(keys, id) ? keys[id] : undefined
  if (secret === undefined) throw new S3Refusal(403, 'InvalidAccessKeyId', 'The access key id does not exist')
  if (!claimed.date.startsWith(day) || !claimed.signedHeaders.split(';').includes('host')) {
    throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
  }
  checkTime(claimed, nowMs)

  const scope = `${day}/${region}/${service}/aws4_request`
  const hashed = createHash('sha256').update(canonicalRequest(request, claimed)).digest('hex')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`)
  const expected = hmac(key, [ALGORITHM, claimed.date, scope, hashed].join('\n'))
  const given = Buffer.from(claimed.signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new S3Refusal(403, 'SignatureDoesNotMatch', 'The signature does not match the request')
  }
}

function headerSigned({ headers }: SignedRequest): Signature {
  const [, credential = '', signedHeaders = '', signature = ''] = HEADER.exec(headers.authorization ?? '') ?? []
  if (!signature) throw new S3Refusal(403, 'AccessDenied', 'Access Denied')
  const date = String(headers['x-amz-date'])
  return { credential, signedHeaders, signature, date, payloadHash: String(headers['x-amz-content-sha256']) }
}

function presigned({ query, headers }: SignedRequest): Signature {
  const parameter = (name: string) => query.get(`X-Amz-${name}`) ?? ''
  const expiresSeconds = Number(parameter('Expires'))
  if (parameter('Algorithm') !== ALGORITHM || !(expiresSeconds >= 1 && expiresSeconds <= MAX_PRESIGN_SECONDS)) {
    const message = `X-Amz-Algorithm must be ${ALGORITHM} and X-Amz-Expires between 1 and ${MAX_PRESIGN_SECONDS}`
    throw new S3Refusal(400, 'AuthorizationQueryParametersError', message)
  }
  const signedHeaders = parameter('SignedHeaders')
  const hashIsSigned = signedHeaders.split(';').includes('x-amz-content-sha256')
  return {
    credential: parameter('Credential'),
    signedHeaders,
    signature: parameter('Signature'),
    date: parameter('Date'),
    payloadHash: hashIsSigned ? String(headers['x-amz-content-sha256']) : 'UNSIGNED-PAYLOAD',
    expiresSeconds,
  }
}

function checkTime({ date, expiresSeconds }: Signature, nowMs: number): void {
  const signedAt = Date.parse(date.replace(BASIC_DATE, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(signedAt)) throw new S3Refusal(403, 'AccessDenied', 'The date is not ISO 8601 basic format')
  if (expiresSeconds === undefined) {
    if (Math.abs(nowMs - signedAt) <= MAX_SKEW_MS) return
    throw new S3Refusal(403, 'RequestTimeTooSkewed', 'The difference between the request time and now is too large')
  }
  if (nowMs > signedAt + expiresSeconds * 1000) throw new S3Refusal(403, 'AccessDenied', 'Request has expired')
  if (signedAt > nowMs + MAX_SKEW_MS) throw new S3Refusal(403, 'AccessDenied', 'Request is not yet valid')
}

function canonicalRequest({ method, path, query, headers }: SignedRequest, claimed: Signature): string {
  const parameters = [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
  const lines = claimed.signedHeaders.split(';').map((name) => {
    const value = String(headers[name] ?? '').trim()
    return `${name}:${value.replace(/ +/g, ' ')}\n`
  })
  return [method, path, parameters.join('&'), lines.join(''), claimed.signedHeaders, claimed.payloadHash].join('\n')
}

const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
