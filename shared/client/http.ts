/** One request of the API: the key, the body, tries, and errors as values of two types. Runs in Node and in browsers. */
import type { Problem } from '../contract/problem.ts'
import { RolloverChecksumError, RolloverConnectionError, RolloverError } from './errors.ts'
import { drawChance, drawIdempotencyKey, pause, pauseBeforeRetry, RETRY_POLICY, type RetryPolicy } from './retry.ts'

export interface ConnectOptions {
  /** `rk_...`, or `rka_...` for administration. */
  readonly apiKey: string
  /** Where the API is, without `/v1`. */
  readonly baseUrl: string
  /** The global one unless given. */
  readonly fetch?: typeof fetch
  readonly retry?: Partial<RetryPolicy>
  /** Longest that one try may take, its body included; a minute unless said. */
  readonly timeoutMs?: number
}

/** What every call takes beside its own arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal
  /** Of a POST; drawn by the client when left out. The same key and request never count twice. */
  readonly idempotencyKey?: string
}

export interface ApiRequest extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: object
  /** Sent as it is, under its own content type. */
  readonly text?: { readonly body: string; readonly contentType: string }
  readonly headers?: Readonly<Record<string, string>>
  /** Beside `timeoutMs`: how long the server was asked to hold the answer back. */
  readonly heldMs?: number
}

export interface Connection {
  /** The answer with its body still to be read, for streams. Rejects with RolloverError or RolloverConnectionError. */
  open(request: ApiRequest): Promise<Response>
  /** What is read from the answer. A body that breaks off counts as no answer: the request is tried again. */
  read<Answer>(request: ApiRequest, read: (response: Response) => Promise<Answer>): Promise<Answer>
  /** The answer's JSON. The type is the contract's; the answer is not checked again. */
  json<Answer>(request: ApiRequest): Promise<Answer>
  /** An act without an answer. */
  done(request: ApiRequest): Promise<void>
  /** fetch for links that lead away from the API and must not carry the key. */
  readonly fetch: typeof fetch
}

const TIMEOUT_MS = 60_000

export const connect = (options: ConnectOptions): Connection => {
  // Called unbound, the browser's fetch refuses to work.
  const send = options.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call))
  const policy = { ...RETRY_POLICY, ...options.retry }
  const read = async <Answer>(request: ApiRequest, from: (response: Response) => Promise<Answer>): Promise<Answer> => {
    const url = urlOf(options.baseUrl, request)
    const init = initOf(options.apiKey, request)
    const limitMs = (options.timeoutMs ?? TIMEOUT_MS) + (request.heldMs ?? 0)
    let unanswered = false
    for (let tries = 1; ; tries++) {
      const outcome = await tryOnce(send, url, { init, request, limitMs, from })
      if ('answer' in outcome) return outcome.answer
      const { failure } = outcome
      request.signal?.throwIfAborted()
      // An earlier try deleted it, and only its answer was lost.
      if (unanswered && request.method === 'DELETE' && failure instanceof RolloverError && failure.status === 404)
        return from(new Response(null, { status: 204 }))
      unanswered ||= failure instanceof RolloverConnectionError
      const ms = pauseBeforeRetry(policy, { tries, chance: drawChance(), ...retryOf(failure) })
      if (ms === undefined) throw failure
      await pause(ms, request.signal)
    }
  }
  return {
    read,
    open: (request) => read(request, async (response) => response),
    json: <Answer>(request: ApiRequest) => read(request, async (response) => (await response.json()) as Answer),
    done: (request) => read(request, async (response) => void (await response.arrayBuffer())),
    fetch: send,
  }
}

/** A conflict (409) mends itself only where the API says when; everything else by its own word. */
const retryOf = (failure: Failure): { retryable: boolean; retryAfterSeconds?: number | undefined } => {
  if (failure instanceof RolloverConnectionError) return { retryable: true }
  const { retryable, retryAfterSeconds, status } = failure
  return { retryable: retryable && (status !== 409 || retryAfterSeconds !== undefined), retryAfterSeconds }
}

type Failure = RolloverError | RolloverConnectionError

const urlOf = (baseUrl: string, { path, query = {} }: ApiRequest): string => {
  const url = new URL(baseUrl.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url.href
}

/** The same for every try: a POST keeps its key, so a try whose answer was lost is not done twice. */
const initOf = (apiKey: string, request: ApiRequest): RequestInit => {
  const { method, body, text, idempotencyKey } = request
  const content = body === undefined ? text : { body: JSON.stringify(body), contentType: 'application/json' }
  return {
    method,
    headers: {
      // What needs no key is asked without one.
      ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }),
      ...(method === 'POST' && { 'idempotency-key': idempotencyKey ?? drawIdempotencyKey() }),
      ...(content && { 'content-type': content.contentType }),
      ...request.headers,
    },
    ...(content && { body: content.body }),
  }
}

const tryOnce = async <Answer>(
  send: typeof fetch,
  url: string,
  on: { init: RequestInit; request: ApiRequest; limitMs: number; from: (response: Response) => Promise<Answer> },
): Promise<{ answer: Answer } | { failure: Failure }> => {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${on.limitMs / 1000} s`)), on.limitMs)
  const signal = on.request.signal ? AbortSignal.any([late.signal, on.request.signal]) : late.signal
  try {
    const response = await send(url, { ...on.init, signal })
    // A redirect is an answer too: fetch that does not follow (an app called in process) leaves it to download.ts.
    if (response.status >= 400) return { failure: await errorOf(response) }
    return { answer: await on.from(response) }
  } catch (error) {
    if (error instanceof RolloverError || error instanceof RolloverConnectionError) return { failure: error }
    if (error instanceof RolloverChecksumError) throw error
    return { failure: new RolloverConnectionError(url, error) }
  } finally {
    clearTimeout(timer)
  }
}

const errorOf = async (response: Response): Promise<RolloverError> => {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  const problem = isProblem ? ((await response.json().catch(() => undefined)) as Problem | undefined) : undefined
  if (!isProblem) await response.body?.cancel()
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new RolloverError({
    status: response.status,
    problem,
    retryAfterSeconds: Number.isFinite(seconds) ? Math.max(0, seconds) : undefined,
  })
}
