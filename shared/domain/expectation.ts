/**
 * What a search may be expected to take and to bring, from what an account's ended generations of the same pack and search
 * took and brought. Budgets are put into bands of a factor of two: rewards are compared within one, time across all.
 */

/** Sums over the generations of one band. */
export interface Band {
  readonly samples: number
  /** NFEs asked for, and NFEs used. */
  readonly nfeBudget: number
  readonly nfeUsed: number
  readonly rewardSum: number
  /** Generations that did exactly what was asked. */
  readonly exact: number
  /** Time from start to end. */
  readonly milliseconds: number
}

/** By the band's number. */
export type Bands = ReadonlyMap<number, Band>

export interface Expectation {
  /** Generations of this band that the numbers come from. */
  readonly samples: number
  readonly nfeUsed: number
  /** From the start of the search, however long it waits before. */
  readonly seconds: number
  readonly reward: number
  readonly exactShare: number
  /** The mean reward here less that of the nearest smaller band with enough samples; undefined when there is none. */
  readonly gain?: { readonly reward: number; readonly nfeBudget: number; readonly samples: number }
}

/** Fewer say nothing: a mean of two prompts is those two prompts. */
export const MIN_SAMPLES = 3

/** @param nfeBudget 1 or more. Band n holds budgets from 2^n up to, and without, 2^(n+1). */
export const bandOf = (nfeBudget: number): number => Math.floor(Math.log2(nfeBudget))

/** Undefined where the account has no history to speak from: an honest answer is none. */
export const expectFrom = (bands: Bands, nfeBudget: number): Expectation | undefined => {
  const number = bandOf(nfeBudget)
  const band = bands.get(number)
  if (band === undefined || band.samples < MIN_SAMPLES) return undefined
  const nfeUsed = Math.min(nfeBudget, Math.round((nfeBudget * band.nfeUsed) / band.nfeBudget))
  const gain = gainOver(bands, number, band)
  return {
    samples: band.samples,
    nfeUsed,
    seconds: nfeUsed * secondsPerNfe(bands),
    reward: band.rewardSum / band.samples,
    exactShare: band.exact / band.samples,
    ...(gain && { gain }),
  }
}

const gainOver = (bands: Bands, number: number, band: Band): Expectation['gain'] => {
  const smaller = [...bands].filter(([each, { samples }]) => each < number && samples >= MIN_SAMPLES)
  const nearest = smaller.toSorted(([a], [b]) => b - a)[0]?.[1]
  if (nearest === undefined) return undefined
  return {
    reward: band.rewardSum / band.samples - nearest.rewardSum / nearest.samples,
    nfeBudget: Math.round(nearest.nfeBudget / nearest.samples),
    samples: nearest.samples,
  }
}

const secondsPerNfe = (bands: Bands): number => {
  const all = [...bands.values()]
  const nfe = all.reduce((sum, { nfeUsed }) => sum + nfeUsed, 0)
  return nfe === 0 ? 0 : all.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000 / nfe
}
