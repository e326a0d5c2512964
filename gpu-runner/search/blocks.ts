/** What SVDD and CoDe share: from each lane's state several candidates walk `block` steps, one of them becomes the state. */
import { uniforms } from '../flow/noise.ts'
import type { Candidate, Evaluated } from './candidate.ts'
import type { Move, Strategy, TaskFacts } from './define-search.ts'
import { bestOf, childrenOf, fittedTo, initialCandidate, onlyChildOf, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface BlockSettings {
  readonly sampler: Sampler
  /** Independent chains, at least as many as outputs asked. */
  readonly lanes: number
  /** Steps that candidates walk before one is kept. */
  readonly block: number
  /** 0 keeps the best candidate; above 0 one is drawn with weights exp(reward / temperature). */
  readonly temperature: number
}

export interface BlockState {
  readonly settings: BlockSettings
  /** Candidates of each block, by lane. */
  readonly width: readonly number[]
  readonly step: number
}

/** The strategy named; costs steps x width NFEs a lane. */
export function blockStrategy(name: string, defaults: BlockSettings): Strategy<BlockState, BlockSettings> {
  return {
    name,
    defaults,
    begin: (task, settings) => {
      const lanes = Math.min(Math.max(settings.lanes, task.outputs), task.nfeBudget)
      const perLane = Math.floor(task.nfeBudget / lanes)
      const sampler = fittedTo(perLane, settings.sampler)
      const width = shareOut(Math.floor(task.nfeBudget / sampler.steps), lanes).map((each) => Math.max(1, each))
      const own = { settings: { ...settings, sampler }, width, step: 0 }
      return { own, pending: width.flatMap((count, lane) => firstBlock(task, own, { lane, count })) }
    },
    advance: ({ task }, own, evaluated) => {
      const step = own.step + 1
      const ends = endsBlock(own.settings, own.step)
      const kept = own.width.map((_, lane) => (ends ? keptOf(task, own, ofLane(evaluated, lane)) : null))
      const verdicts = evaluated.map((one) => ({
        accepted: !ends || kept[one.candidate.lane] === one,
        quota: own.width[one.candidate.lane] ?? 0,
      }))
      const move: Move<BlockState> = { own: { ...own, step }, pending: [] }
      if (own.step === own.settings.sampler.steps - 1) return { ...move, verdicts }
      const pending = own.width.flatMap((count, lane) =>
        nextOf(task, own, { kept: kept[lane] ?? null, count, walking: ofLane(evaluated, lane) }),
      )
      return { ...move, pending, verdicts }
    },
    progress: ({ settings, width, step }) => ({
      step,
      steps: settings.sampler.steps,
      quota: width[0] ?? 0,
      rolledOver: 0,
    }),
  }
}

function endsBlock({ sampler, block }: BlockSettings, step: number): boolean {
  return step === sampler.steps - 1 || (step + 1) % block === 0
}

function ofLane(evaluated: readonly Evaluated[], lane: number): Evaluated[] {
  return evaluated.filter(({ candidate }) => candidate.lane === lane)
}

function firstBlock(
  task: TaskFacts,
  { settings }: BlockState,
  { lane, count }: { lane: number; count: number },
): Candidate[] {
  return Array.from({ length: count }, (_, index) =>
    initialCandidate(walkFor(task, settings.sampler), {
      lane,
      index,
      wants: wantsAt(settings, { step: 0, first: lane + index === 0 }),
    }),
  )
}

/** Rewards are looked at where a block ends, and at the very first candidate, so that there is always an answer. */
function wantsAt(settings: BlockSettings, { step, first }: { step: number; first: boolean }): 'both' | 'velocity' {
  return endsBlock(settings, step) || first ? 'both' : 'velocity'
}

interface LaneOfBlock {
  /** The state to branch from; null inside a block. */
  readonly kept: Evaluated | null
  readonly count: number
  readonly walking: readonly Evaluated[]
}

function nextOf(task: TaskFacts, { settings, step }: BlockState, { kept, count, walking }: LaneOfBlock): Candidate[] {
  const walk = walkFor(task, settings.sampler)
  const wants = wantsAt(settings, { step: step + 1, first: false })
  if (kept === null) {
    return walking.map((parent) => onlyChildOf(task, walk, { parent, place: { ...parent.candidate, wants } }))
  }
  const { lane } = kept.candidate
  return childrenOf(task, walk, {
    parent: kept,
    places: Array.from({ length: count }, (_, index) => ({ lane, index, wants })),
  })
}

function keptOf(
  { seed }: TaskFacts,
  { settings: { temperature } }: BlockState,
  candidates: readonly Evaluated[],
): Evaluated {
  const best = bestOf(candidates)
  if (temperature === 0) return best
  const weights = candidates.map((one) => Math.exp((rewardOf(one) - rewardOf(best)) / temperature))
  const { lane, step } = best.candidate
  const pointer = (uniforms({ seed, lane, step, candidate: 0 }, 1)[0] ?? 0) * weights.reduce((a, b) => a + b, 0)
  let below = 0
  for (const [i, one] of candidates.entries()) {
    below += weights[i] ?? 0
    if (pointer <= below) return one
  }
  return best
}
