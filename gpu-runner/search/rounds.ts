/**
 * Lanes that draft and then repair in rounds: what `rbf` and `adaptive` share. They differ in how a round is planned.
 *
 * A lane walks a few short drafts to the end; the best becomes its origin. Each round (repair.ts) draws candidates around the
 * origin and walks one of them down; a finished image that scores higher becomes the new origin. Every evaluation is one NFE;
 * the way down is reserved before a round's first candidate is drawn.
 */
import { scaled } from '../flow/floats.ts'
import { type Candidate, cleanLatentOf, type Evaluated, latentOf } from './candidate.ts'
import type { Strategy, TaskFacts, Verdict } from './define-search.ts'
import { advanceRound, drawOf, type Origin, originOf, type Round, type RoundPlan, startRound } from './repair.ts'
import { bestOf, fittedTo, initialCandidate, onlyChildOf, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

export interface DraftSettings {
  /** Independent chains with their own share of the budget; at least as many as outputs asked, as far as the budget reaches. */
  readonly lanes: number
  readonly draft: Sampler
  /** Drafts of each lane, as far as they fit into `draftShare` of its budget; never fewer than one. */
  readonly drafts: number
  readonly draftShare: number
}

interface Lane {
  readonly lane: number
  readonly draft: Sampler
  readonly nfeLeft: number
  /** NFEs that were left when the drafts were done. */
  readonly forRepair: number
  readonly rounds: number
  /** Quota handed on by the round before. */
  readonly rolled: number
  /** null while drafts walk. */
  readonly origin: Origin | null
  readonly round: Round | null
  /** What the lane waits for; empty when it has ended. */
  readonly waiting: readonly Candidate[]
}

export interface RoundsState<Settings> {
  readonly settings: Settings
  readonly lanes: readonly Lane[]
  readonly rolledOver: number
}

/** What a round is planned from. */
export interface RoundSituation {
  readonly task: TaskFacts
  readonly lane: number
  /** Rounds of this lane before this one. */
  readonly round: number
  /** The origin's reward. */
  readonly bar: number
  readonly nfeLeft: number
  /** NFEs that were left when the drafts were done. */
  readonly forRepair: number
  /** Quota that the round before did not need. */
  readonly rolled: number
}

export interface Rounds<Settings> {
  readonly name: string
  readonly defaults: Settings
  /** Needs plan.quota + plan.steps - 1 <= nfeLeft; null ends the lane with what it has. */
  planOf(settings: Settings, situation: RoundSituation): RoundPlan | null
  /** Settings whose `planOf` ends no lane while there is something to spend. */
  regardless(settings: Settings): Settings
  /** Evaluations that a round usually costs, for people who watch. */
  usualCost(settings: Settings): number
}

/** The strategy whose rounds are planned like this. */
export function roundsStrategy<Settings extends DraftSettings>(
  rounds: Rounds<Settings>,
): Strategy<RoundsState<Settings>, Settings> {
  const { name, defaults, planOf, regardless, usualCost } = rounds
  return {
    name,
    defaults,
    begin: (task, settings) => {
      const count = Math.min(Math.max(settings.lanes, task.outputs), task.nfeBudget)
      const lanes = shareOut(task.nfeBudget, count).map((nfe, lane) => startLane(task, settings, { lane, nfe }))
      return { own: { settings, lanes, rolledOver: 0 }, pending: lanes.flatMap(({ waiting }) => waiting) }
    },
    advance: ({ task }, own, evaluated) => {
      const plan = (lane: Lane) => nextRound(task, lane, (situation) => planOf(own.settings, situation))
      const moves = own.lanes.map((lane) => {
        const mine = ofLane(evaluated, lane)
        if (mine.length === 0) return { lane, verdicts: [], rolled: 0 }
        const { next, verdicts, rolled } = moveLane(task, lane, mine)
        return { lane: next.waiting.length === 0 ? plan(next) : next, verdicts, rolled }
      })
      const lanes = moves.map(({ lane }) => lane)
      const rolledOver = moves.reduce((sum, { rolled }) => sum + rolled, own.rolledOver)
      const pending = lanes.flatMap(({ waiting }) => waiting)
      const stop = lanes.some(({ nfeLeft }) => nfeLeft > 0) ? 'converged' : 'budget'
      return { own: { ...own, lanes, rolledOver }, pending, stop, verdicts: moves.flatMap(({ verdicts }) => verdicts) }
    },
    // Every lane begins a new course of rounds from the image it stands on.
    extend: (task, own, { nfe, insist }) => {
      const settings = insist ? regardless(own.settings) : own.settings
      const shares = shareOut(nfe, own.lanes.length)
      const lanes = own.lanes.map((lane, i) => {
        const more = { ...lane, nfeLeft: shares[i] ?? 0, forRepair: shares[i] ?? 0, rolled: 0 }
        return nextRound(task, more, (situation) => planOf(settings, situation))
      })
      return { own: { ...own, settings, lanes }, pending: lanes.flatMap(({ waiting }) => waiting), stop: 'converged' }
    },
    progress: ({ settings, lanes, rolledOver }) => {
      const { rounds: step = 0, forRepair = 0, round = null } = lanes[0] ?? {}
      const steps = Math.max(step, Math.ceil(forRepair / usualCost(settings)))
      return { step, steps, quota: round?.plan.quota ?? 0, rolledOver }
    },
  }
}

function ofLane(evaluated: readonly Evaluated[], { lane }: Lane): Evaluated[] {
  return evaluated.filter(({ candidate }) => candidate.lane === lane)
}

function startLane(task: TaskFacts, settings: DraftSettings, { lane, nfe }: { lane: number; nfe: number }): Lane {
  const draft = fittedTo(nfe, settings.draft)
  const drafts = Math.max(1, Math.min(settings.drafts, Math.floor((nfe * settings.draftShare) / draft.steps)))
  const walk = walkFor(task, draft)
  const waiting = Array.from({ length: drafts }, (_, index) =>
    initialCandidate(walk, { lane, index, wants: lane + index === 0 ? 'both' : 'velocity' }),
  )
  const forRepair = nfe - drafts * draft.steps
  return { lane, draft, nfeLeft: nfe, forRepair, rounds: 0, rolled: 0, origin: null, round: null, waiting }
}

interface LaneMove {
  /** Waiting for nothing once its drafts or its round are done. */
  readonly next: Lane
  /** One an evaluation of the lane. */
  readonly verdicts: readonly Verdict[]
  readonly rolled: number
}

function moveLane(task: TaskFacts, lane: Lane, evaluated: readonly Evaluated[]): LaneMove {
  const [one] = evaluated
  if (one === undefined) return { next: lane, verdicts: [], rolled: 0 }
  const told = { ...lane, nfeLeft: lane.nfeLeft - evaluated.length, waiting: [] }
  if (lane.round === null) return moveDrafts(task, told, evaluated)
  const { round, next, finished, accepted, rolled } = advanceRound(task, lane.round, one)
  const better = finished !== null && accepted ? originOf(task, round, finished) : lane.origin
  const moved = { ...told, round, rolled: lane.rolled + rolled, origin: better, waiting: next === null ? [] : [next] }
  return { next: moved, verdicts: [{ accepted, quota: lane.round.plan.quota }], rolled }
}

function moveDrafts(task: TaskFacts, lane: Lane, evaluated: readonly Evaluated[]): LaneMove {
  const walk = walkFor(task, lane.draft)
  const walking = evaluated.filter(({ candidate }) => !candidate.finished)
  if (walking.length > 0) {
    const waiting = walking.map((parent) => {
      const { index } = parent.candidate
      return onlyChildOf(task, walk, { parent, place: { lane: lane.lane, index, wants: 'velocity' } })
    })
    return { next: { ...lane, waiting }, verdicts: walking.map(() => ({ accepted: true, quota: 1 })), rolled: 0 }
  }
  const best = bestOf(evaluated)
  const first = initialCandidate(walk, { lane: lane.lane, index: best.candidate.index })
  const noise = scaled(1 / walk.initialScale, latentOf(task, first))
  const origin = { clean: cleanLatentOf(task, best), noise, reward: rewardOf(best) }
  const verdicts = evaluated.map((one) => ({ accepted: one === best, quota: 1 }))
  return { next: { ...lane, origin }, verdicts, rolled: 0 }
}

/** The lane at its next round, or at its end when nothing is left to spend. */
function nextRound(task: TaskFacts, own: Lane, planOf: (situation: RoundSituation) => RoundPlan | null): Lane {
  const { lane, nfeLeft, forRepair, origin, rolled, rounds } = own
  if (nfeLeft === 0 || origin === null) return { ...own, round: null }
  const plan = planOf({ task, lane, round: rounds, bar: origin.reward, nfeLeft, forRepair, rolled })
  if (plan === null) return { ...own, round: null }
  const round = startRound(task, origin, { plan, lane, step: own.draft.steps + rounds })
  return { ...own, rounds: rounds + 1, rolled: 0, round, waiting: [drawOf(round)] }
}
