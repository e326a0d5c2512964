/** What a call of the client can end with beside its answer. */
import type { FieldError, Problem, ProblemCode } from '../contract/problem.ts'

/** An answer that is no problem+json, from a proxy in between, has the code `unexpected_answer`. */
export type RolloverErrorCode = ProblemCode | 'unexpected_answer'

/** The API refused, or failed. `problem` is its whole answer; the other members are what most callers look at. */
export class RolloverError extends Error {
  readonly status: number
  readonly code: RolloverErrorCode
  /** Whether the same request may succeed later. The client has already tried as often as it was told to. */
  readonly retryable: boolean
  /** Names the request in the service's logs. */
  readonly requestId: string | undefined
  /** Faults of the body, by JSON Pointer. */
  readonly errors: readonly FieldError[]
  /** Seconds the API asked to wait; undefined when it did not say. */
  readonly retryAfterSeconds: number | undefined
  /** undefined when the answer was no problem+json. */
  readonly problem: Problem | undefined

  constructor(from: { status: number; problem?: Problem | undefined; retryAfterSeconds?: number | undefined }) {
    const { status, problem, retryAfterSeconds } = from
    super(problem?.detail ?? `The answer had status ${status} and was no problem+json.`)
    this.name = 'RolloverError'
    this.status = status
    this.code = problem?.code ?? 'unexpected_answer'
    this.retryable = problem?.retryable ?? isTransient(status)
    this.requestId = problem?.request_id
    this.errors = problem?.errors ?? []
    this.retryAfterSeconds = retryAfterSeconds
    this.problem = problem
  }
}

/** No answer came: no connection, or none within the time limit. */
export class RolloverConnectionError extends Error {
  constructor(url: string, cause: unknown) {
    super(`${URL.canParse(url) ? new URL(url).origin : 'the API'} did not answer: ${reasonOf(cause)}`, { cause })
    this.name = 'RolloverConnectionError'
  }
}

/** What was downloaded is not what the generation says it is. */
export class RolloverChecksumError extends Error {
  constructor(expected: string, found: string) {
    super(`the file has the SHA-256 ${found}, not ${expected}`)
    this.name = 'RolloverChecksumError'
  }
}

const isTransient = (status: number): boolean => status === 429 || status === 502 || status === 503 || status === 504

/** fetch says "fetch failed" and keeps the reason in its cause. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
