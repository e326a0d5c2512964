/**
 * LiDAR: a few cheap look-ahead images first, then walks that lean towards what the good ones have in common.
 *
 * Source: look-ahead reward guidance (arXiv 2602.03211): with look-aheads z_i of reward r_i,
 * d_i = -|x - alpha z_i|^2 / (2 sigma^2), w = softmax(d), w_r = softmax(lambda r + d), and (alpha / sigma^2) sum (w_r - w)_i z_i is added to the
 * score. Over the denoised estimate that is a shift by sum (w_r - w)_i z_i. No gradient of the reward is needed.
 * The look-aheads are finished images themselves, so the answer is never worse than their best.
 */
import { addScaled, dot } from '../flow/floats.ts'
import { type Interpolant, interpolantNamed } from '../flow/interpolant.ts'
import { type Candidate, cleanLatentOf, type Evaluated, latentOf } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { normalized } from './resample.ts'
import { initialCandidate, onlyChildOf, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface LidarSettings {
  readonly lookAhead: Sampler
  /** Share of the budget for the look-aheads. */
  readonly lookAheadShare: number
  readonly sampler: Sampler
  /** lambda in units of 1 / (standard deviation of the look-aheads' rewards). */
  readonly strength: number
  /** Factor on the shift; 1 is the formula's. */
  readonly scale: number
}

const NEGLIGIBLE = 1e-7

export interface LookAhead {
  readonly clean: Float32Array
  /** |clean|^2 */
  readonly norm: number
  readonly reward: number
}

interface LidarState {
  readonly settings: LidarSettings
  /** Sampler of each lane, by phase: the look-aheads' lanes come first. */
  readonly samplers: readonly Sampler[]
  readonly lookAheads: number
  /** Finished look-aheads. */
  readonly seen: readonly LookAhead[]
  readonly step: number
}

const lidar: Strategy<LidarState, LidarSettings> = {
  name: 'lidar',
  defaults: {
    lookAhead: { interpolant: 'native', schedule: { kind: 'uniform' }, kernel: { kind: 'ode' }, steps: 8 },
    lookAheadShare: 0.5,
    sampler: {
      interpolant: 'native',
      schedule: { kind: 'uniform' },
      kernel: { kind: 'gaussian', rho: 0.6 },
      steps: 16,
    },
    strength: 2,
    scale: 1,
  },
  begin: (task, settings) => {
    const { lookAhead, sampler, lookAheadShare } = settings
    const first = Math.max(1, Math.floor(task.nfeBudget * lookAheadShare))
    const guided = Math.floor((task.nfeBudget - first) / sampler.steps)
    // Too little for even one guided walk: all of it goes into look-aheads, a plain best of n.
    const spent = guided === 0 ? task.nfeBudget : first
    const lookAheads = Math.min(spent, Math.max(guided === 0 ? task.outputs : 1, Math.floor(spent / lookAhead.steps)))
    const walksOf = (of: Sampler, total: number, count: number) =>
      shareOut(total, count).map((steps) => ({ ...of, steps }))
    const samplers = [...walksOf(lookAhead, spent, lookAheads), ...walksOf(sampler, task.nfeBudget - spent, guided)]
    const own: LidarState = { settings, samplers, lookAheads, seen: [], step: 0 }
    return { own, pending: startLanes(task, own, { from: 0, to: lookAheads }) }
  },
  advance: ({ task }, own, evaluated) => {
    const verdicts = evaluated.map(() => ({ accepted: true, quota: 1 }))
    const finished = evaluated
      .filter(({ candidate }) => candidate.finished)
      .map((one): LookAhead => {
        const clean = cleanLatentOf(task, one)
        return { clean, norm: dot(clean, clean), reward: rewardOf(one) }
      })
    const seen = isLookAhead(own, evaluated) ? [...own.seen, ...finished] : own.seen
    const next = { ...own, seen, step: own.step + 1 }
    const pending = evaluated.flatMap((one) => nextOf(task, next, one))
    if (pending.length > 0) return { own: next, pending, verdicts }
    return { ...startGuided(task, next, evaluated), verdicts }
  },
  progress: ({ samplers, step }) => ({ step, steps: samplers.at(-1)?.steps ?? step, quota: 1, rolledOver: 0 }),
}

export const searchLidar = defineSearch(lidar)

function isLookAhead({ lookAheads }: LidarState, evaluated: readonly Evaluated[]): boolean {
  return evaluated.every(({ candidate }) => candidate.lane < lookAheads)
}

function startLanes(
  task: TaskFacts,
  { samplers }: LidarState,
  { from, to }: { from: number; to: number },
): Candidate[] {
  return samplers.slice(from, to).map((sampler, i) => {
    const lane = from + i
    return initialCandidate(walkFor(task, sampler), { lane, index: 0, wants: lane === 0 ? 'both' : 'velocity' })
  })
}

function startGuided(task: TaskFacts, own: LidarState, evaluated: readonly Evaluated[]): Move<LidarState> {
  if (!isLookAhead(own, evaluated)) return { own, pending: [] }
  return { own: { ...own, step: 0 }, pending: startLanes(task, own, { from: own.lookAheads, to: own.samplers.length }) }
}

function nextOf(task: TaskFacts, own: LidarState, one: Evaluated): Candidate[] {
  const { lane, finished } = one.candidate
  const sampler = own.samplers[lane]
  if (finished || sampler === undefined) return []
  const parent = lane < own.lookAheads ? one : { ...one, velocity: guidedVelocity(task, own, one) }
  return [onlyChildOf(task, walkFor(task, sampler), { parent, place: { lane, index: 0, wants: 'velocity' } })]
}

/** The velocity whose denoised estimate is shifted while the state stays: u + (alpha' - sigma' alpha / sigma) shift. */
function guidedVelocity(
  task: TaskFacts,
  { seen, settings }: LidarState,
  { candidate, velocity }: Evaluated,
): Float32Array | null {
  if (velocity === null) return null
  const p = interpolantNamed(task.native)
  const { t } = candidate
  const shares = guideWeights(p, {
    x: latentOf(task, candidate),
    t,
    lookAheads: seen,
    strength: settings.strength,
  })
  const weight = p.dAlpha(t) - (p.dSigma(t) * p.alpha(t)) / p.sigma(t)
  const guided = velocity.slice()
  for (const [i, share] of shares.entries()) {
    // Near the data all weight lies on one look-ahead, and most shares are nothing.
    if (Math.abs(share) > NEGLIGIBLE) addScaled(guided, weight * settings.scale * share, seen[i]?.clean ?? guided)
  }
  return guided
}

interface GuideFacts {
  readonly x: Float32Array
  readonly t: number
  readonly lookAheads: readonly LookAhead[]
  readonly strength: number
}

/** w_r - w, which sums to 0; strength is lambda in units of 1 / (deviation of the rewards). */
export function guideWeights(p: Interpolant, { x, t, lookAheads, strength }: GuideFacts): number[] {
  const [alpha, sigma] = [p.alpha(t), p.sigma(t)]
  // -|x - alpha z|^2 / (2 sigma^2) without |x|^2, which no softmax sees.
  const distances = lookAheads.map(
    ({ clean, norm }) => (alpha * dot(x, clean) - (alpha * alpha * norm) / 2) / (sigma * sigma),
  )
  const rewards = lookAheads.map(({ reward }) => reward)
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length
  const deviation = Math.sqrt(rewards.reduce((sum, r) => sum + (r - mean) ** 2, 0) / rewards.length) || 1
  const plain = normalized(distances)
  const rewarded = normalized(distances.map((d, i) => d + (strength * ((rewards[i] ?? 0) - mean)) / deviation))
  return rewarded.map((weight, i) => weight - (plain[i] ?? 0))
}
