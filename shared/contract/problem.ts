/** RFC 9457 problem details: every error of the API, one line each. `retryable` says whether the same request may succeed later. */
import { z } from 'zod'
import { SCOPES } from './key.ts'

export const PROBLEMS = {
  invalid_header: { status: 400, title: 'A header is not what it should be', retryable: false },
  malformed_json: { status: 400, title: 'The body is not JSON', retryable: false },
  unauthorized: { status: 401, title: 'No valid API key', retryable: false },
  insufficient_budget: { status: 402, title: 'The balance does not cover the budget', retryable: false },
  key_cap_exceeded: { status: 402, title: 'The cap of this key does not cover the budget', retryable: false },
  forbidden: { status: 403, title: 'This key may not do that', retryable: false },
  invalid_share: { status: 404, title: 'The link opens nothing', retryable: false },
  not_found: { status: 404, title: 'There is no such thing here', retryable: false },
  method_not_allowed: { status: 405, title: 'This path does not take that method', retryable: false },
  key_revoked: { status: 409, title: 'The key is revoked', retryable: false },
  key_rotating: { status: 409, title: 'The key is being rotated already', retryable: false },
  month_open: { status: 409, title: 'The month is not closed yet', retryable: true },
  not_extendable: { status: 409, title: 'The search cannot go on', retryable: false },
  already_ended: { status: 409, title: 'The generation has already ended', retryable: false },
  endpoint_disabled: { status: 409, title: 'The webhook endpoint is off', retryable: false },
  delivery_in_progress: { status: 409, title: 'The delivery is being sent', retryable: true },
  too_many_endpoints: { status: 409, title: 'Too many webhook endpoints on this account', retryable: false },
  not_ended: { status: 409, title: 'The generation has not ended', retryable: true },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still at work',
    retryable: true,
  },
  share_expired: { status: 410, title: 'The link has ended', retryable: false },
  payload_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'The body is of another type than this route takes', retryable: false },
  invalid_request: { status: 422, title: 'The request is not valid', retryable: false },
  content_refused: { status: 422, title: 'This service does not make that', retryable: false },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used with another request',
    retryable: false,
  },
  rate_limited: { status: 429, title: 'Too many requests on this account', retryable: true },
  too_many_generations: { status: 429, title: 'Too many generations at once on this account', retryable: true },
  internal: { status: 500, title: 'Something failed on our side', retryable: true },
  overloaded: { status: 503, title: 'More waits than can be begun in time', retryable: true },
  unavailable: { status: 503, title: 'A service we need did not answer', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>

export type ProblemCode = keyof typeof PROBLEMS

/** One fault of a request: a JSON Pointer (RFC 6901) into the body, and what is wrong there. */
export interface FieldError {
  readonly pointer: string
  readonly detail: string
}

export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  retryable: z.boolean(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  nfe_required: z.number().int().optional(),
  nfe_available: z.number().int().optional(),
  scope: z.enum(['account', 'key_request', 'key_day', 'key_month']).optional(),
  /** Seconds after which a generation would begin, were it accepted. */
  estimated_wait_seconds: z.number().int().optional(),
  /** When a key's cap for a day or a month begins anew. */
  resets_at: z.iso.datetime().optional(),
  /** The scope that a key lacks. */
  required_scope: z.enum(SCOPES).optional(),
})
export type Problem = z.infer<typeof problemSchema>

export interface ProblemOptions {
  /** Headers of the answer, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly errors?: readonly FieldError[]
  /** Members of one problem type: `nfe_required`, `nfe_available`, `scope` on 402. */
  readonly members?: Readonly<Record<string, string | number>>
}

/** An expected refusal. Thrown by routes, turned into problem+json in one place. */
export class ProblemError extends Error {
  readonly code: ProblemCode
  readonly options: ProblemOptions
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail)
    this.name = 'ProblemError'
    this.code = code
    this.options = options
  }
}

/** JSON Pointer of a path of keys and indices. */
export const toPointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
