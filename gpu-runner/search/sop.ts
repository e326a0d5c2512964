/**
 * Search over paths: from each of a few states, noise is put back, the ODE walks down again, the best arrivals stay.
 *
 * Source: Ma et al., Inference-time scaling for diffusion models beyond scaling denoising steps (arXiv 2501.09732) section 3, "search over paths".
 * A round goes `up` grid steps back and `up + down` steps forward, so it gains `down` steps and costs up + down + 1 NFEs a
 * path: one at each grid time it visits, the arrival included.
 */
import { scaled } from '../flow/floats.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { renoise } from '../flow/renoise.ts'
import { type Candidate, type Evaluated, latentOf } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { fittedTo, initialCandidate, onlyChildOf, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface SopSettings {
  readonly sampler: Sampler
  /** States kept after each round, at least as many as outputs asked. */
  readonly keep: number
  /** Grid steps that each round goes back. */
  readonly up: number
  /** Grid steps that each round gains. */
  readonly down: number
}

interface SopState {
  readonly settings: SopSettings
  readonly kept: number
  /** Paths of every round, in sum over the kept states. */
  readonly paths: number
  /** Grid index of the arrivals of the round now walking. */
  readonly arrival: number
  readonly step: number
  readonly round: number
}

const sop: Strategy<SopState, SopSettings> = {
  name: 'sop',
  defaults: {
    sampler: { interpolant: 'native', schedule: { kind: 'uniform' }, kernel: { kind: 'ode' }, steps: 16 },
    keep: 2,
    up: 2,
    down: 3,
  },
  begin: (task, settings) => {
    const kept = Math.min(Math.max(settings.keep, task.outputs), task.nfeBudget)
    const sampler = fittedTo(Math.floor(task.nfeBudget / kept), settings.sampler)
    const fitted = { ...settings, sampler, up: Math.max(1, settings.up), down: Math.max(1, settings.down) }
    const rounds = arrivals(fitted).slice(1)
    const first = arrivals(fitted)[0] ?? 0
    const perPath = rounds.reduce((sum, arrival, i) => sum + arrival + 1 - startOf(fitted, arrivals(fitted)[i] ?? 0), 0)
    const left = task.nfeBudget - kept * (first + 1)
    const paths = perPath === 0 ? 0 : Math.floor(left / perPath)
    // A budget too small for one path a kept state walks its states straight down.
    const own = { settings: fitted, kept, paths, arrival: paths < kept ? sampler.steps - 1 : first, step: 0, round: 0 }
    const starts = Array.from({ length: kept }, (_, lane) => lane)
    return {
      own,
      pending: starts.map((lane) =>
        initialCandidate(walkFor(task, sampler), { lane, index: 0, wants: wantsAt(own, 0, lane === 0) }),
      ),
    }
  },
  advance: ({ task }, own, evaluated) => {
    const verdicts = evaluated.map(() => ({ accepted: true, quota: own.paths }))
    if (own.step < own.arrival) return { ...walkOn(task, own, evaluated), verdicts }
    const kept = [...evaluated].sort((a, b) => rewardOf(b) - rewardOf(a)).slice(0, own.kept)
    const judged = evaluated.map((one) => ({ accepted: kept.includes(one), quota: own.paths }))
    if (own.arrival >= own.settings.sampler.steps - 1) return { own, pending: [], verdicts: judged }
    return { ...startRound(task, own, kept), verdicts: judged }
  },
  progress: ({ settings, step, paths }) => ({ step, steps: settings.sampler.steps, quota: paths, rolledOver: 0 }),
}

export const searchSop = defineSearch(sop)

/** Grid indices at which states are compared: the first after a plain walk, then every `down` steps, the last included. */
function arrivals({ sampler, up, down }: SopSettings): number[] {
  const last = sampler.steps - 1
  const found: number[] = []
  for (let at = Math.min(up, last); at < last; at += down) found.push(at)
  return [...found, last]
}

function startOf({ up }: SopSettings, from: number): number {
  return Math.max(0, from - up)
}

function wantsAt({ arrival }: SopState, step: number, first: boolean): 'both' | 'velocity' {
  return step === arrival || first ? 'both' : 'velocity'
}

function walkOn(task: TaskFacts, own: SopState, evaluated: readonly Evaluated[]): Move<SopState> {
  const walk = walkFor(task, own.settings.sampler)
  const wants = wantsAt(own, own.step + 1, false)
  const pending = evaluated.map((parent) => onlyChildOf(task, walk, { parent, place: { ...parent.candidate, wants } }))
  return { own: { ...own, step: own.step + 1 }, pending }
}

/** Every kept state gets its share of the paths, each with fresh noise on top of the state itself. */
function startRound(task: TaskFacts, own: SopState, kept: readonly Evaluated[]): Move<SopState> {
  const { settings, round } = own
  const from = own.arrival
  const start = startOf(settings, from)
  const next = {
    ...own,
    round: round + 1,
    step: start,
    arrival: Math.min(from + settings.down, settings.sampler.steps - 1),
  }
  const shares = shareOut(own.paths, kept.length)
  const pending = kept.flatMap((parent, k) =>
    Array.from({ length: shares[k] ?? 0 }, (_, i) =>
      pathFrom(task, next, { parent, lane: shares.slice(0, k).reduce((a, b) => a + b, 0) + i }),
    ),
  )
  return { own: next, pending }
}

function pathFrom(task: TaskFacts, own: SopState, { parent, lane }: { parent: Evaluated; lane: number }): Candidate {
  const { steps } = walkFor(task, own.settings.sampler)
  const { t = 1 } = steps[own.step] ?? {}
  const native = interpolantNamed(task.native)
  const { ofState, fresh } = renoise(native, { t: parent.candidate.t, to: t })
  const base = scaled(ofState, latentOf(task, parent.candidate))
  const wants = wantsAt(own, own.step, false)
  return { lane, step: own.step, index: own.round, t, base, fresh, wants, finished: own.step === steps.length - 1 }
}
