/**
 * When a webhook is attempted again, and when it is given up: the example schedule of Standard Webhooks 1.0.0,
 * ten attempts over about three days.
 */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds from the end of the attempt before to each attempt; the first attempt is immediate. */
export const ATTEMPT_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

export const MAX_ATTEMPTS = ATTEMPT_DELAYS_MS.length

/** Delays vary by this share both ways, so that deliveries that failed together do not come back together. */
export const JITTER_SHARE = 0.2

/** A receiver may postpone the next attempt by this much at most. */
export const MAX_RETRY_AFTER_MS = 24 * HOUR

/** What one attempt came to; the result of `postGuarded` fits. */
export type AttemptOutcome =
  | {
      readonly kind: 'response'
      readonly status: number
      /** The `Retry-After` header as received. */
      readonly retryAfter?: string
    }
  | { readonly kind: 'error'; readonly code: string }

export interface AttemptEnded {
  /** Attempts made so far, this one included: an integer >= 1. */
  readonly attempt: number
  readonly outcome: AttemptOutcome
  /** When the attempt ended, epoch milliseconds. */
  readonly now: number
  /** Uniform in [0, 1). */
  readonly jitter: number
  /** Attempts after which it is given up, where the schedule allows more. */
  readonly maxAttempts?: number
}

/**
 * - `delivered`: the receiver answered 2xx.
 * - `pending`: attempt again at `dueAt` (epoch milliseconds, whole).
 * - `undelivered`: every attempt is spent.
 * - `disabled`: the receiver answered 410; neither this delivery nor a later one goes to this endpoint.
 */
export type NextAttempt =
  | { readonly state: 'delivered' }
  | { readonly state: 'pending'; readonly dueAt: number }
  | { readonly state: 'undelivered' }
  | { readonly state: 'disabled' }

/**
 * Decides what follows an attempt. Only 2xx is success and only 410 ends early: redirects (never followed), other
 * statuses, timeouts, refused addresses and broken connections are all tried again until the attempts are spent.
 * A `Retry-After` can postpone the next attempt beyond its jittered delay, up to a cap, and never hastens it.
 * @throws RangeError when `attempt` is not an integer >= 1 or `jitter` is outside [0, 1).
 */
export function nextAttempt({ attempt, outcome, now, jitter, maxAttempts }: AttemptEnded): NextAttempt {
  if (!Number.isInteger(attempt) || attempt < 1) throw new RangeError('attempt is an integer >= 1')
  if (!(jitter >= 0 && jitter < 1)) throw new RangeError('jitter is in [0, 1)')
  if (outcome.kind === 'response') {
    if (outcome.status >= 200 && outcome.status < 300) return { state: 'delivered' }
    if (outcome.status === 410) return { state: 'disabled' }
  }
  const delay = attempt < (maxAttempts ?? MAX_ATTEMPTS) ? ATTEMPT_DELAYS_MS[attempt] : undefined
  if (delay === undefined) return { state: 'undelivered' }
  const jittered = delay * (1 + JITTER_SHARE * (2 * jitter - 1))
  const asked = outcome.kind === 'response' ? parseRetryAfter(outcome.retryAfter, now) : undefined
  return { state: 'pending', dueAt: Math.round(now + Math.max(jittered, asked ?? 0)) }
}

const IMF_FIXDATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3: seconds or an HTTP date) as milliseconds from `now`, within
 * [0, MAX_RETRY_AFTER_MS]. Undefined when it is absent or says neither; the obsolete date forms are not read.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim()
  if (text === undefined) return undefined
  const wait = /^\d+$/.test(text) ? Number(text) * SECOND : IMF_FIXDATE.test(text) ? Date.parse(text) - now : Number.NaN
  if (Number.isNaN(wait)) return undefined
  return Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS)
}
