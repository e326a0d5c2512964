/**
 * Funnel: many drafts of few steps, the best quarter again with twice the steps, and so on to full images.
 *
 * Source: the idea of Flash-BoN (arXiv 2607.04461): by wall-clock, cheap drafts and a full render of the best match guided searches.
 * A draft and its refinement start from the same noise, and the ODE makes them the same picture at two precisions.
 * Costs the sum over stages of images x steps; every stage's images are finished and scored.
 */
import type { Candidate, Evaluated } from './candidate.ts'
import { defineSearch, type Move, type Strategy, type TaskFacts } from './define-search.ts'
import { initialCandidate, onlyChildOf, rewardOf, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface FunnelSettings {
  /** The kernel must be `ode`: only then is a refinement the same picture. `steps` is not used. */
  readonly sampler: Sampler
  /** Steps of each stage, rising. */
  readonly stages: readonly number[]
  /** Share of a stage's images that goes on, rounded up, and never fewer than the outputs asked. */
  readonly keep: number
  /** Walks that advance together. */
  readonly wave: number
}

interface FunnelState {
  readonly settings: FunnelSettings
  /** Images of each stage. */
  readonly widths: readonly number[]
  readonly samplers: readonly Sampler[]
  readonly stage: number
  /** Lanes of this stage still to start, best first. */
  readonly waiting: readonly number[]
  /** Lane and reward of this stage's finished images. */
  readonly finished: readonly { readonly lane: number; readonly reward: number }[]
  readonly step: number
}

const funnel: Strategy<FunnelState, FunnelSettings> = {
  name: 'funnel',
  defaults: {
    sampler: { interpolant: 'native', schedule: { kind: 'uniform' }, kernel: { kind: 'ode' }, steps: 20 },
    stages: [6, 12, 24],
    keep: 0.25,
    wave: 8,
  },
  begin: (task, settings) => {
    const stages = affordableStages(task, settings)
    const widths = widthsOf(task, { ...settings, stages })
    const samplers = stages.map((steps) => ({ ...settings.sampler, steps }))
    const waiting = Array.from({ length: widths[0] ?? 1 }, (_, lane) => lane)
    return startWave(task, { settings, widths, samplers, stage: 0, waiting, finished: [], step: 0 })
  },
  advance: ({ task }, own, evaluated) => {
    const verdicts = evaluated.map(() => ({ accepted: true, quota: own.widths[own.stage] ?? 0 }))
    const pending = evaluated.flatMap((parent) => nextOf(task, own, parent))
    if (pending.length > 0) return { own: { ...own, step: own.step + 1 }, pending, verdicts }
    const finished = [...own.finished, ...evaluated.map((one) => ({ lane: one.candidate.lane, reward: rewardOf(one) }))]
    if (own.waiting.length > 0) return { ...startWave(task, { ...own, finished }), verdicts }
    return { ...startStage(task, { ...own, finished }), verdicts }
  },
  progress: ({ samplers, widths, stage, step }) => {
    return { step, steps: samplers[stage]?.steps ?? step, quota: widths[stage] ?? 0, rolledOver: 0 }
  },
}

export const searchFunnel = defineSearch(funnel)

function costOfStages(
  { stages, keep }: FunnelSettings,
  first: number,
  least: number,
): { widths: number[]; cost: number } {
  const widths = stages.map((_, i) => Math.max(Math.min(least, first), Math.ceil(first * keep ** i)))
  return { widths, cost: stages.reduce((sum, steps, i) => sum + steps * (widths[i] ?? 0), 0) }
}

/** The last stages first: a small budget drops drafts, and below one walk it shortens the walk. */
function affordableStages({ nfeBudget }: TaskFacts, settings: FunnelSettings): number[] {
  for (let from = 0; from < settings.stages.length; from++) {
    const stages = settings.stages.slice(from)
    if (costOfStages({ ...settings, stages }, 1 / settings.keep, 1).cost <= nfeBudget) return stages
  }
  return [Math.min(settings.stages.at(-1) ?? 1, nfeBudget)]
}

function widthsOf({ nfeBudget, outputs }: TaskFacts, settings: FunnelSettings): number[] {
  let width = 1
  while (costOfStages(settings, width + 1, outputs).cost <= nfeBudget) width++
  return costOfStages(settings, width, outputs).widths
}

function startStage(task: TaskFacts, own: FunnelState): Move<FunnelState> {
  const stage = own.stage + 1
  const width = own.widths[stage] ?? 0
  const waiting = [...own.finished]
    .sort((a, b) => b.reward - a.reward || a.lane - b.lane)
    .slice(0, width)
    .map(({ lane }) => lane)
  return startWave(task, { ...own, stage, waiting, finished: [] })
}

function startWave(task: TaskFacts, own: FunnelState): Move<FunnelState> {
  const sampler = own.samplers[own.stage]
  const { wave } = own.settings
  if (sampler === undefined) return { own, pending: [] }
  const pending = own.waiting.slice(0, wave).map((lane) => {
    const wants = own.stage === 0 && lane === 0 ? 'both' : 'velocity'
    return initialCandidate(walkFor(task, sampler), { lane, index: 0, wants })
  })
  return { own: { ...own, waiting: own.waiting.slice(wave), step: 0 }, pending }
}

function nextOf(task: TaskFacts, { samplers, stage }: FunnelState, parent: Evaluated): Candidate[] {
  const sampler = samplers[stage]
  if (parent.candidate.finished || sampler === undefined) return []
  const place = { lane: parent.candidate.lane, index: 0, wants: 'velocity' } as const
  return [onlyChildOf(task, walkFor(task, sampler), { parent, place })]
}
