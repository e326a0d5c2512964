/** When an open generation that nobody works on must end, rather than be worked on: canceled, or too late. Either is free. */

export interface UnworkedEnding {
  readonly status: 'canceled' | 'expired'
  readonly stop_reason: 'canceled' | 'deadline'
  readonly nfe_used: 0
}

export const UNWORKED_CANCEL: UnworkedEnding = { status: 'canceled', stop_reason: 'canceled', nfe_used: 0 }
export const UNWORKED_EXPIRY: UnworkedEnding = { status: 'expired', stop_reason: 'deadline', nfe_used: 0 }

/** What decides it; times in epoch milliseconds. */
export interface Timing {
  readonly lease_until?: number
  readonly cancel_requested_at?: number
  readonly deadline_at?: number
  readonly start_by?: number
  readonly started_at?: number
}

/** How it must end now; undefined while it may still be worked on, or is. A search that has begun knows its deadline only. */
export const unworkedEnding = (timing: Timing, now: number): UnworkedEnding | undefined => {
  if (timing.lease_until !== undefined && timing.lease_until >= now) return undefined
  if (timing.cancel_requested_at !== undefined) return UNWORKED_CANCEL
  if (timing.deadline_at !== undefined && timing.deadline_at <= now) return UNWORKED_EXPIRY
  const late = timing.start_by !== undefined && timing.start_by <= now
  return late && timing.started_at === undefined ? UNWORKED_EXPIRY : undefined
}

/** When an open generation is to be looked at again: after `reviewMs`, or as soon as it may have to end. */
export const nextReview = ({ deadline_at, start_by, started_at }: Timing, now: number, reviewMs: number): number => {
  const limits = [deadline_at, started_at === undefined ? start_by : undefined].filter((at) => at !== undefined)
  return Math.min(now + reviewMs, ...limits.filter((at) => at > now))
}
