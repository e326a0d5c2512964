/** Days and months of the calendar in UTC, by which caps are counted and statements are drawn up. */

/** `2026-11-24` */
export const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10)

/** `2026-11`, of a time or of a day. */
export const monthOf = (time: number | string): string =>
  typeof time === 'number' ? new Date(time).toISOString().slice(0, 7) : time.slice(0, 7)

export const startOfDay = (day: string): number => Date.parse(`${day}T00:00:00.000Z`)

export const startOfMonth = (month: string): number => startOfDay(`${month}-01`)

/** The month `by` months later; earlier for a negative `by`. */
export const shiftMonth = (month: string, by: number): string => {
  const start = new Date(startOfMonth(month))
  return monthOf(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + by, 1))
}

/** First instant after the month: every time t of it has startOfMonth <= t < endOfMonth. */
export const endOfMonth = (month: string): number => startOfMonth(shiftMonth(month, 1))

export const DAY_MS = 86_400_000

export const endOfDay = (day: string): number => startOfDay(day) + DAY_MS
