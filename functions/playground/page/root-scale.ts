/**
 * Rewards on a square-root scale of their distance to the top: the first candidates are tens below, and what decides in the
 * end are the last tenths.
 */
export interface Range {
  readonly low: number
  readonly high: number
}

/** Share of the height below the top: 0 at `high`, 1 at `low`. */
export const rootScale = (reward: number, { low, high }: Range): number =>
  Math.sqrt(Math.max(0, high - reward) / (high - low))

/** The reward at a share of the height below the top. */
export const rewardAt = (share: number, { low, high }: Range): number => high - (high - low) * share ** 2
