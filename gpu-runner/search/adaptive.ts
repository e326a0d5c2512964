/**
 * Rollover budget forcing with learned quotas and a price of budget: what past searches of the task gained decides how long a round draws,
 * and when the search has nothing left to buy.
 *
 * The paper's future work (Kim et al., arXiv 2503.19385, section 7), as a search problem with recall (Weitzman, Optimal search for
 * the best alternative, Econometrica 1979). A candidate of gain e is worth W(e), the mean gain of its finished image (profile.ts). Drawing until e >= e*
 * and then walking down gains E[W | e >= e*] for draw / P(e >= e*) + down NFEs: the largest ratio is the price of budget, its e* the
 * reservation value that ends the drawing. Rounds go through `rbf`'s levels; what a round does not draw stays for later ones.
 * The search ends as `converged`, and the rest is not spent, when no level still to come is worth the profile's `leastPrice`.
 * With fewer samples than `least` it is `rbf`.
 */
import { uniforms } from '../flow/noise.ts'
import { defineSearch } from './define-search.ts'
import { bandOf, type Cell, nearest, type Profile, samplesOf } from './profile.ts'
import { RBF_DEFAULTS, type RbfSettings, rbfPlan } from './rbf.ts'
import type { RoundPlan } from './repair.ts'
import { type RoundSituation, roundsStrategy } from './rounds.ts'

export interface AdaptiveSettings extends RbfSettings {
  readonly profile: Profile | null
  /** Candidates that a profile must have seen. */
  readonly least: number
  /** Decode and reward of one estimate, in NFEs. */
  readonly rewardCost: number
  /** Most candidates of a round. */
  readonly most: number
  /** Share of rounds that keep `rbf`'s own rule, so that the profile of their traces stays honest. */
  readonly explore: number
}

export const ADAPTIVE_DEFAULTS: AdaptiveSettings = {
  ...RBF_DEFAULTS,
  profile: null,
  least: 200,
  rewardCost: 0,
  most: 6,
  explore: 0.05,
}

export const searchAdaptive = defineSearch(
  roundsStrategy<AdaptiveSettings>({
    name: 'adaptive',
    defaults: ADAPTIVE_DEFAULTS,
    planOf,
    // Its price is what says no; without one it is `rbf`.
    regardless: (settings) => ({ ...settings, profile: null }),
    usualCost: ({ repair }) => repair.quota + repair.last.steps - 1,
  }),
)

function planOf(settings: AdaptiveSettings, situation: RoundSituation): RoundPlan | null {
  const { profile, least, rewardCost, most, explore, repair } = settings
  const { task, lane, round, bar, nfeLeft } = situation
  const plain = rbfPlan(settings, situation)
  if (profile === null || samplesOf(profile) < least) return plain
  const cells = profile.cells[bandOf(profile.edges, bar)] ?? []
  const here = cells[nearest(profile.times, plain.t)]
  if (here === undefined) return plain
  const costs = { draw: 1 + rewardCost, down: plain.steps - 1 + rewardCost }
  const toCome = cells.filter((_, i) => (profile.times[i] ?? 0) <= plain.t && (profile.times[i] ?? 0) >= repair.last.t)
  const best = Math.max(...[here, ...toCome].map((cell) => priceOf(cell, costs).price))
  if (best < profile.leastPrice) return null
  const [coin = 1] = uniforms({ seed: task.seed, lane, step: round, candidate: 0 }, 1)
  if (coin < explore) return plain
  const { reservation } = priceOf(here, costs)
  return { ...plain, quota: Math.min(most, nfeLeft - (plain.steps - 1)), acceptAbove: bar + reservation }
}

/** What an NFE earns in a cell, and the gain that ends the drawing there. */
export interface Price {
  readonly price: number
  /** The first candidate that gains as much is walked down. */
  readonly reservation: number
}

/** The best reservation value among a cell's quantiles; costs in NFEs. */
export function priceOf({ gains, worth }: Cell, { draw, down }: { draw: number; down: number }): Price {
  let best: Price = { price: 0, reservation: 0 }
  let worthAbove = 0
  for (let i = gains.length - 1; i >= 0; i--) {
    worthAbove += worth[i] ?? 0
    const reached = gains.length - i
    const price = worthAbove / reached / ((draw * gains.length) / reached + down)
    // A hair below the quantile, for it counts as reached.
    if (price > best.price) best = { price, reservation: (gains[i] ?? 0) - 1e-9 }
  }
  return best
}
