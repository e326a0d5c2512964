/**
 * Zero-order search with restarts: hill climbing in the space of initial noises, on finished images.
 *
 * Source: Ma et al. (arXiv 2501.09732) section 3, "zero-order search", with the restart that users of published code ask for. The
 * neighbour sqrt(1 - b^2) n + b m of a noise n is again standard normal. It never looks at an estimate on the way, so it suits models whose
 * early estimates are a blur. Costs steps NFEs an image.
 */
import { scaled } from '../flow/floats.ts'
import type { Candidate, Evaluated } from './candidate.ts'
import { latentOf } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { fittedTo, initialCandidate, onlyChildOf, rewardOf, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface ZeroOrderSettings {
  readonly sampler: Sampler
  /** Neighbours a round; they walk together. */
  readonly neighbours: number
  /** b of a fresh pivot's neighbours, in (0, 1]. */
  readonly radius: number
  /** Factor on b after a round without improvement. */
  readonly shrink: number
  /** Rounds without improvement before a restart from fresh noises. */
  readonly patience: number
}

interface Pivot {
  /** Initial noise. */
  readonly noise: Candidate
  readonly reward: number
}

interface ZeroOrderState {
  readonly settings: ZeroOrderSettings
  readonly pivot: Pivot | null
  readonly radius: number
  readonly failures: number
  readonly round: number
  readonly step: number
  /** The initial noise of each image now walking. */
  readonly noises: readonly Candidate[]
}

const zeroOrder: Strategy<ZeroOrderState, ZeroOrderSettings> = {
  name: 'zero-order',
  defaults: {
    sampler: { interpolant: 'native', schedule: { kind: 'shift', shift: 2 }, kernel: { kind: 'ode' }, steps: 10 },
    neighbours: 3,
    radius: 0.5,
    shrink: 0.7,
    patience: 3,
  },
  begin: (task, settings) => {
    const each = Math.max(1, Math.floor(task.nfeBudget / task.outputs))
    const fitted = { ...settings, sampler: fittedTo(each, settings.sampler) }
    const { radius } = settings
    return startRound(
      { task, nfeLeft: task.nfeBudget },
      { settings: fitted, pivot: null, radius, failures: 0, round: 0, step: 0, noises: [] },
    )
  },
  advance: (situation, own, evaluated) => {
    const { task } = situation
    const verdicts = evaluated.map((one) => ({
      accepted: !one.candidate.finished || rewardOf(one) > (own.pivot?.reward ?? -Infinity),
      quota: own.settings.neighbours,
    }))
    const pending = evaluated.flatMap((parent) => nextOf(task, own, parent))
    if (pending.length > 0) return { own: { ...own, step: own.step + 1 }, pending, verdicts }
    return { ...startRound(situation, endRound(own, evaluated)), verdicts }
  },
  progress: ({ settings, step }) => ({
    step,
    steps: settings.sampler.steps,
    quota: settings.neighbours,
    rolledOver: 0,
  }),
}

export const searchZeroOrder = defineSearch(zeroOrder)

function nextOf(task: TaskFacts, { settings: { sampler } }: ZeroOrderState, parent: Evaluated): Candidate[] {
  const { lane, index, finished } = parent.candidate
  if (finished) return []
  return [onlyChildOf(task, walkFor(task, sampler), { parent, place: { lane, index, wants: 'velocity' } })]
}

/** The best image of the round becomes the pivot if it improves; else the radius shrinks, and at last the pivot is given up. */
function endRound(own: ZeroOrderState, evaluated: readonly Evaluated[]): ZeroOrderState {
  const { settings, pivot, noises } = own
  const rewards = evaluated.map(rewardOf)
  const highest = Math.max(...rewards)
  const noise = noises[rewards.indexOf(highest)]
  if (noise !== undefined && (pivot === null || highest > pivot.reward)) {
    return { ...own, pivot: { noise, reward: highest }, radius: settings.radius, failures: 0 }
  }
  if (own.failures + 1 >= settings.patience) return { ...own, pivot: null, radius: settings.radius, failures: 0 }
  return { ...own, radius: own.radius * settings.shrink, failures: own.failures + 1 }
}

/** Lanes count images over the whole search, so that several outputs are several images. */
function startRound(
  { task, nfeLeft }: { task: TaskFacts; nfeLeft: number },
  own: ZeroOrderState,
): Move<ZeroOrderState> {
  const { settings, pivot, radius, round } = own
  const { sampler, neighbours } = settings
  const walk = walkFor(task, sampler)
  const count = Math.min(neighbours, Math.floor(nfeLeft / sampler.steps))
  const noises = Array.from({ length: count }, (_, k): Candidate => {
    const lane = round * neighbours + k
    const first = initialCandidate(walk, { lane, index: 0, wants: lane === 0 ? 'both' : 'velocity' })
    if (pivot === null) return first
    return {
      ...first,
      base: scaled(Math.sqrt(1 - radius ** 2), latentOf(task, pivot.noise)),
      fresh: radius * first.fresh,
    }
  })
  return { own: { ...own, round: round + 1, step: 0, noises }, pending: noises }
}
