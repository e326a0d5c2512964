/** Numbers, money and times as the page writes them. */

const grouped = new Intl.NumberFormat('en-US')
export const formatCount = (count: number): string => grouped.format(count)

/** Dollars from micro-dollars, with as many places as a small sum needs. */
export const formatMoney = (microUsd: number): string => {
  const places = microUsd !== 0 && Math.abs(microUsd) < 1_000_000 ? 4 : 2
  return `$${(microUsd / 1_000_000).toFixed(places)}`
}

export const formatReward = (reward: number | null | undefined): string =>
  reward === null || reward === undefined ? '–' : reward.toFixed(2).replace('-', '−')

export const formatSeconds = (seconds: number): string =>
  seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${Math.round(seconds / 60)} min`

const dateTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
export const formatTime = (iso: string | null): string => (iso === null ? '–' : dateTime.format(new Date(iso)))

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
export const formatDay = (isoDate: string): string => day.format(new Date(`${isoDate}T00:00:00Z`))
