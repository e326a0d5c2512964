/**
 * Sequential Monte Carlo: particles walk together; when their weights drift apart, good ones multiply and poor ones die.
 *
 * Targets exp(lambda_t M_t) with M_t the best reward of a particle's path so far ("max" potential, Singhal et al., FK steering,
 * arXiv 2501.06848) and lambda_t rising along the walk (Skreta et al. and "Classical search", ICLR 2026). Resampling
 * only when the effective sample size is low, by systematic or SSP resampling, on log weights. Costs particles x steps NFEs.
 */
import { uniforms } from '../flow/noise.ts'
import type { Evaluated } from './candidate.ts'
import { defineSearch, type Move, type Strategy } from './define-search.ts'
import { effectiveSize, normalized, RESAMPLE, type Resampling } from './resample.ts'
import { childrenOf, fittedTo, initialCandidate, onlyChildOf, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface SmcSettings {
  readonly sampler: Sampler
  /** Most particles; fewer when the budget does not reach, never fewer than 1. */
  readonly particles: number
  readonly resampling: Resampling
  /** lambda at the last step, in units of 1 / (standard deviation of the particles' potentials); it rises linearly from 0. */
  readonly strength: number
  /** Resample when the effective sample size falls below this share of the particles. */
  readonly essShare: number
}

interface Particle {
  /** Best reward of its path so far. */
  readonly highest: number
  /** lambda x highest at the time of the last weighting: what its weight has already been given. */
  readonly credited: number
  readonly logWeight: number
}

interface SmcState {
  readonly settings: SmcSettings
  readonly particles: readonly Particle[]
  readonly step: number
}

const smc: Strategy<SmcState, SmcSettings> = {
  name: 'smc',
  defaults: {
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 20,
    },
    particles: 64,
    resampling: 'ssp',
    strength: 4,
    essShare: 0.5,
  },
  begin: (task, settings) => {
    const count = Math.max(1, Math.min(settings.particles, Math.floor(task.nfeBudget / settings.sampler.steps)))
    const sampler = fittedTo(shareOut(task.nfeBudget, count).at(-1) ?? 1, settings.sampler)
    const fresh: Particle = { highest: -Infinity, credited: 0, logWeight: 0 }
    const own = { settings: { ...settings, sampler }, step: 0, particles: Array.from({ length: count }, () => fresh) }
    const pending = own.particles.map((_, lane) => initialCandidate(walkFor(task, sampler), { lane, index: 0 }))
    return { own, pending }
  },
  advance: ({ task }, own, evaluated) => {
    const { sampler, resampling, essShare } = own.settings
    const weighted = weigh(own, evaluated)
    const weights = normalized(weighted.map(({ logWeight }) => logWeight))
    const n = weighted.length
    const parents =
      effectiveSize(weights) < essShare * n
        ? RESAMPLE[resampling](weights, uniforms({ seed: task.seed, lane: 0, step: own.step, candidate: 0 }, n + 1))
        : null
    const verdicts = evaluated.map((_, i) => ({ accepted: parents === null || parents.includes(i), quota: n }))
    if (own.step === sampler.steps - 1) return { own, pending: [], verdicts }
    const living = (parents ?? weighted.map((_, i) => i)).flatMap((i) => weighted[i] ?? [])
    const particles = parents === null ? living : living.map((one) => ({ ...one, logWeight: 0 }))
    const walk = walkFor(task, sampler)
    const pending =
      parents === null
        ? evaluated.map((parent, lane) => onlyChildOf(task, walk, { parent, place: { lane, index: 0 } }))
        : parents.flatMap((i, lane) => {
            const parent = evaluated[i]
            return parent === undefined ? [] : childrenOf(task, walk, { parent, places: [{ lane, index: 0 }] })
          })
    const move: Move<SmcState> = { own: { ...own, particles, step: own.step + 1 }, pending }
    return { ...move, verdicts }
  },
  progress: ({ settings, particles, step }) => {
    return { step, steps: settings.sampler.steps, quota: particles.length, rolledOver: 0 }
  },
}

export const searchSmc = defineSearch(smc)

/** Each weight is multiplied by exp(lambda M - what was credited before). */
function weigh({ settings, particles, step }: SmcState, evaluated: readonly Evaluated[]): Particle[] {
  const highest = evaluated.map((one, i) => Math.max(rewardOf(one), particles[i]?.highest ?? -Infinity))
  const rise = settings.sampler.steps === 1 ? 1 : step / (settings.sampler.steps - 1)
  const lambda = (settings.strength * rise) / (deviation(highest) || 1)
  // Potentials count from the best: only their differences matter, and large ones would eat the digits.
  const top = Math.max(...highest)
  return evaluated.map((_, i): Particle => {
    const { logWeight = 0, credited = 0 } = particles[i] ?? {}
    const now = lambda * ((highest[i] ?? top) - top)
    return { highest: highest[i] ?? top, credited: now, logWeight: logWeight + now - credited }
  })
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
