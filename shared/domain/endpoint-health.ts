/** When an endpoint that only fails is switched off. */

/** Failing this long without one success ... */
export const DISABLE_AFTER_MS = 5 * 24 * 3_600_000
/** ... and this often: a receiver that was asked twice in a week is not given up. */
export const DISABLE_AFTER_ATTEMPTS = 10

/** Failures since the last success. */
export interface Failing {
  /** First failure, epoch milliseconds. */
  readonly since: number
  readonly attempts: number
}

/** Whether an endpoint is beyond hope at `now`, the failure at hand included in `failing`. */
export const isBeyondHope = (failing: Failing, now: number): boolean =>
  now - failing.since >= DISABLE_AFTER_MS && failing.attempts >= DISABLE_AFTER_ATTEMPTS
