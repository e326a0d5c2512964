/** Candidates from noise and from accepted states, on a sampler's walk. */
import { interpolantNamed } from '../flow/interpolant.ts'
import { perturbInPlace } from '../flow/noise.ts'
import { type Candidate, type Evaluated, type LatentFacts, latentOf } from './candidate.ts'
import { meanOfNext, type Sampler, type Walk, walkOf } from './walk.ts'

const walks = new WeakMap<Sampler, Map<string, Walk>>()

/** The walk of a sampler; worked out once for a settings object and native interpolant. */
export function walkFor(facts: LatentFacts, sampler: Sampler): Walk {
  const known = walks.get(sampler) ?? new Map<string, Walk>()
  walks.set(sampler, known)
  const { native, timeShift = 1 } = facts
  const name = `${native} ${timeShift}`
  const walk = known.get(name) ?? walkOf(sampler, interpolantNamed(native), timeShift)
  known.set(name, walk)
  return walk
}

export interface Place {
  readonly lane: number
  /** Noise coordinate; unique within (lane, step). */
  readonly index: number
  /** `both` unless said; the last grid time is always scored. */
  readonly wants?: 'velocity' | 'both'
}

/** Fresh noise at the walk's first grid time. */
export function initialCandidate({ steps, initialScale }: Walk, { lane, index, wants = 'both' }: Place): Candidate {
  const { t = 1, last = true } = steps[0] ?? {}
  return { lane, step: 0, index, t, base: null, fresh: initialScale, wants: last ? 'both' : wants, finished: last }
}

/** Every child of one parent starts from the same mean; worked out once while the parent lives. */
const bases = new WeakMap<Evaluated, { readonly walk: Walk; readonly base: Float32Array }>()

/**
 * The walk's next candidates from one parent, which must not stand at the last grid time. They share one base.
 * Throws RangeError on a parent without a next step or without a velocity.
 */
export function childrenOf(
  facts: LatentFacts,
  walk: Walk,
  { parent, places }: { parent: Evaluated; places: readonly Place[] },
): Candidate[] {
  const { step } = parent.candidate
  const [here, next] = [walk.steps[step], walk.steps[step + 1]]
  if (here === undefined || next === undefined || parent.velocity === null)
    throw new RangeError('a parent without a next step')
  const known = bases.get(parent)
  const base = known?.walk === walk ? known.base : meanOfNext(here, latentOf(facts, parent.candidate), parent.velocity)
  bases.set(parent, { walk, base })
  return places.map(({ lane, index, wants = 'both' }): Candidate => {
    const { t, last } = next
    return { lane, step: step + 1, index, t, base, fresh: here.fresh, wants: last ? 'both' : wants, finished: last }
  })
}

/**
 * The one next candidate of a parent that will have no other: its noise is already in its base, which saves an array and a pass.
 * Throws as `childrenOf` does.
 */
export function onlyChildOf(
  facts: LatentFacts,
  walk: Walk,
  { parent, place }: { parent: Evaluated; place: Place },
): Candidate {
  const { step } = parent.candidate
  const [here, next] = [walk.steps[step], walk.steps[step + 1]]
  if (here === undefined || next === undefined || parent.velocity === null)
    throw new RangeError('a parent without a next step')
  const { lane, index, wants = 'both' } = place
  const mean = meanOfNext(here, latentOf(facts, parent.candidate), parent.velocity)
  const base = perturbInPlace(mean, here.fresh, { seed: facts.seed, lane, step: step + 1, candidate: index })
  const { t, last } = next
  return { lane, step: step + 1, index, t, base, fresh: 0, wants: last ? 'both' : wants, finished: last }
}

/** A sampler with at most as many steps as there are NFEs for one walk. */
export function fittedTo(nfe: number, sampler: Sampler): Sampler {
  return { ...sampler, steps: Math.max(1, Math.min(sampler.steps, nfe)) }
}

/** The reward of an evaluated candidate, -Infinity where none was asked for. */
export function rewardOf({ reward }: Evaluated): number {
  return reward ?? -Infinity
}

/** The candidate of highest reward; the earliest of equals. Throws RangeError on an empty list. */
export function bestOf(candidates: readonly Evaluated[]): Evaluated {
  const [first, ...rest] = candidates
  if (first === undefined) throw new RangeError('the best of nothing')
  return rest.reduce((best, one) => (rewardOf(one) > rewardOf(best) ? one : best), first)
}

/** `total` in `parts` whole numbers that differ by at most one, larger ones first. */
export function shareOut(total: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(total / parts) + (i < total % parts ? 1 : 0))
}
