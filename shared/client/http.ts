/** One request of the API: the key, the body, tries, and errors as values of two types. Runs in Node and in browsers. */
import type { Problem } from '../contract/problem.ts'
import { RolloverConnectionError, RolloverError } from './errors.ts'
import { drawChance, drawIdempotencyKey, pause, pauseBeforeRetry, RETRY_POLICY, type RetryPolicy } from './retry.ts'

export interface ConnectOptions {
  /** `rk_...`, or `rka_...` for administration. */
  readonly apiKey: string
  /** Where the API is, without `/v1`. */
  readonly baseUrl: string
  /** The global one unless given. */
  readonly fetch?: typeof fetch
  readonly retry?: Partial<RetryPolicy>
  /** Longest silence of one try. */
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
  /** The answer, after as many tries as the policy allows. Rejects with RolloverError or RolloverConnectionError. */
  open(request: ApiRequest): Promise<Response>
  /** The same, its JSON. The type is the contract's; the answer is not checked again. */
  json<Answer>(request: ApiRequest): Promise<Answer>
  /** fetch for links that lead away from the API and must not carry the key. */
  readonly fetch: typeof fetch
}

const TIMEOUT_MS = 60_000

export const connect = (options: ConnectOptions): Connection => {
  // Called unbound, the browser's fetch refuses to work.
  const send = options.fetch ?? ((...call: Parameters<typeof fetch>) => fetch(...call))
  const policy = { ...RETRY_POLICY, ...options.retry }
  const open = async (request: ApiRequest): Promise<Response> => {
    const url = urlOf(options.baseUrl, request)
    const init = initOf(options.apiKey, request)
    for (let tries = 1; ; tries++) {
      const outcome = await tryOnce(send, url, { init, request, timeoutMs: options.timeoutMs ?? TIMEOUT_MS })
      if (outcome instanceof Response) return outcome
      request.signal?.throwIfAborted()
      const retryAfterSeconds = outcome instanceof RolloverError ? outcome.retryAfterSeconds : undefined
      const again = outcome instanceof RolloverConnectionError || outcome.retryable
      const ms = again ? pauseBeforeRetry(policy, { tries, retryAfterSeconds, chance: drawChance() }) : undefined
      if (ms === undefined) throw outcome
      await pause(ms, request.signal)
    }
  }
  return {
    open,
    json: async <Answer>(request: ApiRequest) => (await open(request)).json() as Promise<Answer>,
    fetch: send,
  }
}

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
      authorization: `Bearer ${apiKey}`,
      ...(method === 'POST' && { 'idempotency-key': idempotencyKey ?? drawIdempotencyKey() }),
      ...(content && { 'content-type': content.contentType }),
      ...request.headers,
    },
    ...(content && { body: content.body }),
  }
}

const tryOnce = async (
  send: typeof fetch,
  url: string,
  on: { init: RequestInit; request: ApiRequest; timeoutMs: number },
): Promise<Response | RolloverError | RolloverConnectionError> => {
  const late = new AbortController()
  const limitMs = on.timeoutMs + (on.request.heldMs ?? 0)
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${limitMs / 1000} s`)), limitMs)
  const signal = on.request.signal ? AbortSignal.any([late.signal, on.request.signal]) : late.signal
  try {
    const response = await send(url, { ...on.init, signal })
    // A redirect is an answer too: fetch that does not follow (an app called in process) leaves it to download.ts.
    return response.status < 400 ? response : await errorOf(response)
  } catch (error) {
    return new RolloverConnectionError(url, error)
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
