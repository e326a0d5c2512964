/** How long an ended generation is kept: its images, its trace, its prompt. Bookkeeping stays: a bill must be explainable. */

const DAY_SECONDS = 86_400
export const MIN_RETENTION_SECONDS = 60
export const MAX_RETENTION_SECONDS = 365 * DAY_SECONDS
export const DEFAULT_RETENTION_SECONDS = 30 * DAY_SECONDS

interface Kept {
  readonly finished_at?: number
  readonly retention_seconds?: number
}

/** When it is deleted, epoch milliseconds; undefined before it ended. */
export const expiresAt = ({ finished_at: finishedAt, retention_seconds: seconds }: Kept): number | undefined =>
  finishedAt === undefined ? undefined : finishedAt + (seconds ?? DEFAULT_RETENTION_SECONDS) * 1000

/** True from that moment on, also where the sweep that deletes is late: readers decide by this. */
export const hasExpired = (kept: Kept, now: number): boolean => {
  const at = expiresAt(kept)
  return at !== undefined && at <= now
}
