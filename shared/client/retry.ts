/** When a request is tried again, and after how long. */

export interface RetryPolicy {
  /** Tries after the first one. */
  readonly retries: number
  /** Upper bound of the first pause; it doubles with each try. */
  readonly baseMs: number
  /** No pause is longer. A server that asks for more than this is not tried again. */
  readonly maxMs: number
}

export const RETRY_POLICY: RetryPolicy = { retries: 4, baseMs: 250, maxMs: 60_000 }

/**
 * Milliseconds until the next try; undefined when there is none. What the server asks for is waited out in full; without
 * that, the pause is drawn evenly below a bound that doubles, so that clients that failed together do not come back together.
 * @param tries how many have failed. @param chance in [0, 1).
 */
export const pauseBeforeRetry = (
  policy: RetryPolicy,
  failed: { tries: number; retryable: boolean; retryAfterSeconds?: number | undefined; chance: number },
): number | undefined => {
  if (!failed.retryable || failed.tries > policy.retries) return undefined
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (failed.tries - 1))
  if (failed.retryAfterSeconds === undefined) return bound * failed.chance
  const asked = failed.retryAfterSeconds * 1000
  return asked <= policy.maxMs ? asked + policy.baseMs * failed.chance : undefined
}

/** Resolves after the time, or rejects with the signal's reason as soon as it is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const ended = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', ended)
      resolve()
    }, ms)
    signal?.addEventListener('abort', ended, { once: true })
  })

/** A number in [0, 1), from the one source of chance that browsers and Node share. */
export const drawChance = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

/** A key for one POST and all its tries. */
export const drawIdempotencyKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
