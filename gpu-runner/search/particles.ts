/**
 * A beam whose width follows what it still can choose between: wide while candidates differ, narrow once they agree.
 *
 * Source: dynamic schedules of beam and tree search (DSearch, arXiv 2503.02039, section 4), with a width that is measured, not fixed. At each
 * step the beam's best states have children; the share of the remaining budget spent there is the step's spread of
 * rewards among candidates relative to the widest seen, so the NFEs of steps that no longer matter go where they do.
 * Costs its width at each step; the last grid time spends all that is left.
 */
import type { Evaluated } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { childrenOf, fittedTo, initialCandidate, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface ParticlesSettings {
  readonly sampler: Sampler
  /** Share of a step's candidates that have children. */
  readonly survivors: number
  /** Least factor on the even share of a step, for a step without any spread. */
  readonly floor: number
}

interface ParticlesState {
  readonly settings: ParticlesSettings
  readonly step: number
  readonly width: number
  /** Largest spread of a step so far. */
  readonly widest: number
}

const particles: Strategy<ParticlesState, ParticlesSettings> = {
  name: 'particles',
  defaults: {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 12,
    },
    survivors: 0.25,
    floor: 0.3,
  },
  begin: (task, settings) => {
    const fitted = { ...settings, sampler: fittedTo(Math.floor(task.nfeBudget / task.outputs), settings.sampler) }
    const own = { settings: fitted, step: 0, width: 1, widest: 0 }
    const width = widthOf(task, own, { nfeLeft: task.nfeBudget, step: 0, factor: 1 })
    const walk = walkFor(task, fitted.sampler)
    return {
      own: { ...own, width },
      pending: Array.from({ length: width }, (_, lane) => initialCandidate(walk, { lane, index: 0 })),
    }
  },
  advance: ({ task, nfeLeft }, own, evaluated) => {
    const kept = survivorsOf(task, own, evaluated)
    const verdicts = evaluated.map((one) => ({ accepted: kept.includes(one), quota: own.width }))
    const step = own.step + 1
    if (step === own.settings.sampler.steps) return { own, pending: [], verdicts }
    const spread = deviation(evaluated.map(rewardOf))
    const widest = Math.max(own.widest, spread)
    const factor = Math.max(own.settings.floor, widest === 0 ? 1 : spread / widest)
    const width = widthOf(task, own, { nfeLeft, step, factor })
    return { ...bear(task, { ...own, step, width, widest }, kept), verdicts }
  },
  progress: ({ settings, step, width }) => ({ step, steps: settings.sampler.steps, quota: width, rolledOver: 0 }),
}

export const searchParticles = defineSearch(particles)

/** factor x the even share, at least the outputs asked, with as many reserved for every later step. */
function widthOf(
  { outputs }: TaskFacts,
  { settings: { sampler } }: ParticlesState,
  { nfeLeft, step, factor }: { nfeLeft: number; step: number; factor: number },
): number {
  const stepsAfter = sampler.steps - 1 - step
  if (stepsAfter === 0) return nfeLeft
  const least = Math.min(outputs, Math.floor(nfeLeft / (stepsAfter + 1)))
  return Math.max(least, Math.min(Math.floor((factor * nfeLeft) / (stepsAfter + 1)), nfeLeft - least * stepsAfter))
}

function survivorsOf(
  { outputs }: TaskFacts,
  { settings }: ParticlesState,
  evaluated: readonly Evaluated[],
): Evaluated[] {
  const count = Math.max(outputs, Math.round(evaluated.length * settings.survivors))
  return [...evaluated].sort((a, b) => rewardOf(b) - rewardOf(a)).slice(0, count)
}

/** Children get lanes of their own; the fittest parents take the odd ones. */
function bear(task: TaskFacts, own: ParticlesState, kept: readonly Evaluated[]): Move<ParticlesState> {
  const walk = walkFor(task, own.settings.sampler)
  const shares = shareOut(own.width, kept.length)
  const parents = kept.flatMap((parent, k) => Array.from({ length: shares[k] ?? 0 }, () => parent))
  return {
    own,
    pending: parents.flatMap((parent, lane) => childrenOf(task, walk, { parent, places: [{ lane, index: 0 }] })),
  }
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
