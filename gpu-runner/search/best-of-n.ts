/**
 * Best of n: independent walks, the best finished image wins.
 *
 * Source: the baseline of Ma et al. (arXiv 2501.09732) section 3 and of Kim et al. (arXiv 2503.19385) section 6.
 * Costs steps NFEs an image; nothing is scored on the way, so it makes the fewest reward calls of all searches.
 */
import type { Candidate, Evaluated } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { initialCandidate, onlyChildOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface BestOfNSettings {
  readonly sampler: Sampler
  /** Walks that advance together; the next wave starts when these have ended, so that a target can save the rest. */
  readonly wave: number
}

interface BestOfNState {
  readonly wave: number
  /** One sampler a lane; their steps differ by at most one, so that the whole budget is used. */
  readonly samplers: readonly Sampler[]
  readonly firstLane: number
  readonly step: number
}

const bestOfN: Strategy<BestOfNState, BestOfNSettings> = {
  name: 'best-of-n',
  defaults: {
    sampler: { interpolant: 'native', schedule: { kind: 'uniform' }, kernel: { kind: 'ode' }, steps: 20 },
    wave: 4,
  },
  begin: (task, { sampler, wave }) => {
    const images = Math.max(task.outputs, Math.floor(task.nfeBudget / sampler.steps))
    const samplers = shareOut(task.nfeBudget, Math.min(images, task.nfeBudget)).map((steps) => ({ ...sampler, steps }))
    return startWave(task, { wave, samplers, firstLane: 0, step: 0 })
  },
  advance: ({ task }, own, evaluated) => {
    const pending = evaluated.flatMap((one) => nextOf(task, own, one))
    const move =
      pending.length > 0
        ? { own: { ...own, step: own.step + 1 }, pending }
        : startWave(task, { ...own, firstLane: own.firstLane + own.wave })
    return { ...move, verdicts: evaluated.map(() => ({ accepted: true, quota: 1 })) }
  },
  // Further images, each as long as the first.
  extend: (task, own, { nfe }) => {
    const [first] = own.samplers
    if (first === undefined) throw new RangeError('a best-of-n without a walk')
    const samplers = shareOut(nfe, Math.max(1, Math.floor(nfe / first.steps))).map((steps) => ({ ...first, steps }))
    return startWave(task, { ...own, firstLane: own.samplers.length, samplers: [...own.samplers, ...samplers] })
  },
  progress: ({ samplers, step, firstLane }) => {
    return { step, steps: samplers[firstLane]?.steps ?? step, quota: 1, rolledOver: 0 }
  },
}

export const searchBestOfN = defineSearch(bestOfN)

function startWave(task: TaskFacts, own: BestOfNState): Move<BestOfNState> {
  const lanes = own.samplers.slice(own.firstLane, own.firstLane + own.wave)
  const pending = lanes.map((sampler, i) => {
    const lane = own.firstLane + i
    // The search's very first candidate is scored, so that a stop at any moment has something to show.
    return initialCandidate(walkFor(task, sampler), { lane, index: 0, wants: lane === 0 ? 'both' : 'velocity' })
  })
  return { own: { ...own, step: 0 }, pending }
}

function nextOf(task: TaskFacts, { samplers }: BestOfNState, parent: Evaluated): Candidate[] {
  const { lane, finished } = parent.candidate
  const sampler = samplers[lane]
  if (finished || sampler === undefined) return []
  return [onlyChildOf(task, walkFor(task, sampler), { parent, place: { lane, index: 0, wants: 'velocity' } })]
}
