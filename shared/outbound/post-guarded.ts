/**
 * One POST to a receiver nobody here trusts: it may point inwards, redirect, answer without end or hardly at all.
 */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP } from 'node:net'
import type { AddressPolicy } from '../domain/public-address.ts'
import { type Destination, type GuardResult, guardDestination, lookupAmong, type Resolve } from './guard-destination.ts'

/** Bytes of a response's body that are read before the connection is destroyed. */
export const EXCERPT_BYTES = 8192

const MAX_RETRY_AFTER_LENGTH = 64

export interface GuardedPost {
  readonly url: string
  /** `host`, `content-length` and `connection` are set here; a caller's values for them are dropped. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** For the whole exchange, from name resolution to the last byte read. */
  readonly timeoutMs: number
  readonly policy: AddressPolicy
  /** Default: the system's resolution. */
  readonly resolve?: Resolve
}

/**
 * - `url_refused`, `address_refused`: the policy does not let us connect there; nothing was sent.
 * - `dns`: the name has no address. `connection`: no connection, or it broke before the answer.
 * - `tls`: no trusted TLS connection. `protocol`: the answer is not HTTP, or its headers are too large.
 * - `timeout`: no status line in time. `invalid_request`: a header that HTTP cannot carry.
 */
export type PostErrorCode =
  | 'url_refused'
  | 'address_refused'
  | 'dns'
  | 'connection'
  | 'tls'
  | 'protocol'
  | 'timeout'
  | 'invalid_request'

export type PostResult =
  | {
      readonly kind: 'response'
      readonly status: number
      /** The `Retry-After` header as received, unless it is absurdly long. */
      readonly retryAfter?: string
      /** The first 8 kB of the body at most, as UTF-8; less when the body broke off or the time ran out. */
      readonly bodyExcerpt: string
    }
  | { readonly kind: 'error'; readonly code: PostErrorCode; readonly detail: string }

/**
 * Posts a body and reports what came back, within `timeoutMs`. Connects to an address that was checked, without a
 * second resolution and without a proxy; keeps the name for Host, SNI and the certificate. Follows no redirect and
 * reuses no connection. Once a status line is in, the result is that response, whatever becomes of its body.
 * Never rejects.
 */
export async function postGuarded({ headers, body, timeoutMs, ...target }: GuardedPost): Promise<PostResult> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeoutMs)
  try {
    const guarded = await Promise.race([guardDestination(target), lateGuard(deadline.signal)])
    if (guarded === 'late') return failed('timeout', 'the host name did not resolve in time')
    if (!guarded.ok) return failed(guarded.code, guarded.detail)
    return await exchange({ destination: guarded.destination, headers, body, signal: deadline.signal })
  } catch (error) {
    return failed('invalid_request', describe(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Name resolution cannot be cancelled; it is left behind instead. */
function lateGuard(signal: AbortSignal): Promise<GuardResult | 'late'> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('late'), { once: true }))
}

interface Exchange {
  readonly destination: Destination
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

function exchange(options: Exchange): Promise<PostResult> {
  return new Promise((resolve) => {
    const request = openRequest(options)
    const handshake = watchHandshake(request, options.destination.url.protocol === 'https:')
    let answered = false
    const fail = (error: unknown): void => {
      if (!answered) resolve(classify({ error, late: options.signal.aborted, handshaking: handshake.running }))
    }
    request.on('response', (response) => {
      answered = true
      readResponse(response, (result) => {
        request.destroy()
        resolve(result)
      })
    })
    request.on('error', fail)
    request.on('close', () => fail(new Error('the connection closed before an answer')))
    request.end(options.body)
  })
}

function openRequest({ destination, headers, body, signal }: Exchange): ClientRequest {
  const { url, host, addresses } = destination
  const own = { host: url.host, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  const options = {
    method: 'POST',
    host,
    port: url.port,
    path: url.pathname + url.search,
    // Headers lower-cases the names, so that `Host` cannot stand beside `host`.
    headers: { ...Object.fromEntries(new Headers(headers)), ...own },
    lookup: lookupAmong(addresses),
    signal,
  }
  // An agent of its own: the global one may be told by the environment to go through a proxy, which would resolve anew.
  if (url.protocol === 'http:') return requestHttp({ ...options, agent: new HttpAgent({ keepAlive: false }) })
  return requestHttps({
    ...options,
    agent: new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 }),
    // RFC 6066: no addresses and no trailing dot in SNI.
    servername: isIP(host) ? '' : host.replace(/\.$/, ''),
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing here.
    rejectUnauthorized: true,
  })
}

/** True between connect and secureConnect: an error then is a TLS error, whatever OpenSSL calls it. */
function watchHandshake(request: ClientRequest, secure: boolean): { running: boolean } {
  const handshake = { running: false }
  if (secure) {
    request.on('socket', (socket) => {
      socket.once('connect', () => {
        handshake.running = true
      })
      socket.once('secureConnect', () => {
        handshake.running = false
      })
    })
  }
  return handshake
}

/** Reads up to EXCERPT_BYTES and calls `done` once: at the end, at the cap, or when the body breaks off. */
function readResponse(response: IncomingMessage, done: (result: PostResult) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  const finish = (): void => {
    const retryAfter = response.headers['retry-after']
    // Streaming decode leaves out a character cut in half by the cap.
    const bodyExcerpt = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, EXCERPT_BYTES), { stream: true })
    done({
      kind: 'response',
      status: response.statusCode ?? 0,
      ...(retryAfter !== undefined && retryAfter.length <= MAX_RETRY_AFTER_LENGTH ? { retryAfter } : {}),
      bodyExcerpt,
    })
  }
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= EXCERPT_BYTES) response.destroy()
  })
  // A broken body is an error event and then close; the status line stands.
  response.on('error', () => {})
  response.once('close', finish)
}

function classify(failure: { error: unknown; late: boolean; handshaking: boolean }): PostResult {
  const { error, late, handshaking } = failure
  if (late) return failed('timeout', 'no answer in time')
  const detail = describe(error)
  if (handshaking) return failed('tls', detail)
  return failed(detail.startsWith('HPE_') ? 'protocol' : 'connection', detail)
}

function failed(code: PostErrorCode, detail: string): PostResult {
  return { kind: 'error', code, detail }
}

/** The stable code where there is one: messages carry addresses and OpenSSL's line numbers. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
