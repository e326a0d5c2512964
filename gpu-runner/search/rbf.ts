/**
 * Rollover budget forcing on finished images: draft, then repair, round after round.
 *
 * Kim et al. (arXiv 2503.19385) section 5 force a budget on each step of one walk: the first candidate that beats the best reward so
 * far ends the step, and what is left of its quota rolls over. On a model whose early estimates are a blur that rule compares
 * sharpness, not content (README, "Why rbf repairs"). Here the rule acts where estimates are sharp. Each round puts noise
 * back onto the lane's best finished image, up to a time that falls as the budget is spent, and draws candidates there, scored by their denoised
 * estimates. The first that beats the lane's best image ends the drawing and the rest of the quota rolls over to the next round; a quota spent
 * in vain takes the round's best. The one taken walks down to t = 0 and replaces the lane's image only if it scores higher there.
 *
 * Costs drafts x steps, then for each round its candidates and its steps less one NFEs for the way down.
 */
import { defineSearch } from './define-search.ts'
import type { RoundPlan } from './repair.ts'
import { type DraftSettings, type RoundSituation, roundsStrategy } from './rounds.ts'

export interface RbfSettings extends DraftSettings {
  readonly repair: RepairSettings
}

/** One way to repair. */
export interface Level {
  /** Native time that noise is put back to, in (0, 1]. */
  readonly t: number
  /** Grid steps from there to 0, the candidate's own evaluation included. */
  readonly steps: number
  /** Share of the old noise that is kept. */
  readonly rho: number
}

export interface RepairSettings {
  /** The first round's level and the last one's; between them it changes evenly with the budget spent. */
  readonly first: Level
  readonly last: Level
  /** Candidates of a round, before rollover. */
  readonly quota: number
}

export const RBF_DEFAULTS: RbfSettings = {
  lanes: 1,
  draft: { interpolant: 'native', schedule: { kind: 'shift', shift: 2 }, kernel: { kind: 'ode' }, steps: 10 },
  drafts: 2,
  draftShare: 0.25,
  repair: { first: { t: 0.9, steps: 2, rho: 0.75 }, last: { t: 0.5, steps: 2, rho: 0.75 }, quota: 3 },
}

/** The next round of rollover budget forcing: the usual quota and what the round before did not need. */
export function rbfPlan({ repair }: RbfSettings, { bar, nfeLeft, forRepair, rolled }: RoundSituation): RoundPlan {
  const { first, last, quota } = repair
  const spent = 1 - nfeLeft / forRepair
  const between = (a: number, b: number) => a + (b - a) * spent
  const steps = Math.min(Math.round(between(first.steps, last.steps)), nfeLeft)
  return {
    t: between(first.t, last.t),
    steps,
    rho: between(first.rho, last.rho),
    quota: Math.min(quota + rolled, nfeLeft - (steps - 1)),
    acceptAbove: bar,
  }
}

export const searchRbf = defineSearch(
  roundsStrategy<RbfSettings>({
    name: 'rbf',
    defaults: RBF_DEFAULTS,
    planOf: rbfPlan,
    regardless: (settings) => settings,
    usualCost: ({ repair }) => repair.quota + repair.last.steps - 1,
  }),
)
