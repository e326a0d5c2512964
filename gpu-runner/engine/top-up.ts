/**
 * A finished search, given more NFEs: its state as it ended becomes the state from which it goes on.
 *
 * What was learned stays: the best images, the lanes, and the noise already drawn, so that no candidate is drawn twice. A
 * search is here when `tell` with nothing to tell plans its next candidates from what its state says is left.
 */
import type { BestOfNSettings } from '../search/best-of-n.ts'
import type { SearchState } from '../search/define-search.ts'
import type { RbfSettings } from '../search/rbf.ts'
import type { RoundsState } from '../search/rounds.ts'
import { SEARCHES, type SearchName } from '../search/searches.ts'
import { shareOut } from '../search/spawn.ts'

export interface TopUp {
  /** NFEs beside those already used, an integer >= 1. */
  readonly nfe: number
  /** Replaces the target of the search. */
  readonly targetReward: number | undefined
}

/** The part of best-of-n's own state that says which images are walked. */
interface Walks {
  readonly samplers: readonly BestOfNSettings['sampler'][]
  readonly firstLane: number
  readonly wave: number
}

/** The state of a search that ended for its budget, with `nfe` more to spend; undefined when the search cannot go on. */
export function topUpState(name: SearchName, state: unknown, topUp: TopUp): unknown {
  if (name === 'rbf') return goOn(state as SearchState<RoundsState<RbfSettings>>, topUp, { name, more: moreRounds })
  if (name === 'best-of-n') return goOn(state as SearchState<Walks>, topUp, { name, more: moreWalks })
  return undefined
}

/** Whether such a search can be topped up. */
export const canTopUp = (name: SearchName): boolean => name === 'rbf' || name === 'best-of-n'

function goOn<Own>(
  state: SearchState<Own>,
  { nfe, targetReward }: TopUp,
  { name, more }: { name: SearchName; more: (own: Own, nfe: number) => Own },
): unknown {
  if (state.stop !== 'budget') throw new RangeError('only a search that spent its budget can go on')
  const search = SEARCHES[name] as { tell(state: unknown, evaluations: readonly never[]): { state: unknown } }
  const nfeBudget = state.nfeUsed + nfe
  const task = { ...state.task, nfeBudget, targetReward: targetReward ?? null }
  return search.tell({ ...state, task, own: more(state.own, nfe), pending: [], stop: null }, []).state
}

/** Every lane begins a new course of rounds from the image it stands on. */
function moreRounds(own: RoundsState<RbfSettings>, nfe: number): RoundsState<RbfSettings> {
  const shares = shareOut(nfe, own.lanes.length)
  return {
    ...own,
    lanes: own.lanes.map((lane, i) => ({ ...lane, nfeLeft: shares[i] ?? 0, forRepair: shares[i] ?? 0, rolled: 0 })),
  }
}

/** Further images, as long as those before. */
function moreWalks(own: Walks, nfe: number): Walks {
  const [first] = own.samplers
  if (first === undefined) throw new RangeError('a best-of-n without a walk')
  const images = Math.max(1, Math.floor(nfe / first.steps))
  const samplers = shareOut(nfe, images).map((steps) => ({ ...first, steps }))
  // `tell` moves on by one wave before it starts the next.
  return { ...own, firstLane: own.samplers.length - own.wave, samplers: [...own.samplers, ...samplers] }
}
