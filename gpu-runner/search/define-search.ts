/**
 * What all searches share: spending counted before it happens, the best images kept, the target watched, the trace written.
 *
 * A strategy says only which candidates to make and which to keep (`begin`, `advance`); this file turns it into a Search.
 */
import { interpolantNamed } from '../flow/interpolant.ts'
import { type Candidate, cleanLatentOf, type Evaluated, type LatentFacts, latentOf } from './candidate.ts'
import type {
  Answer,
  Ask,
  CandidateRecord,
  Evaluation,
  MoreNfe,
  Search,
  SearchProgress,
  SearchStop,
  SearchTask,
} from './search.ts'

/** The task as a state keeps it: JSON values only. */
export interface TaskFacts extends LatentFacts {
  readonly nfeBudget: number
  readonly targetReward: number | null
  readonly outputs: number
}

/** What a strategy does next. An empty `pending` ends the search. */
export interface Move<Own> {
  readonly own: Own
  /** Independent candidates to evaluate now; together within the budget. */
  readonly pending: readonly Candidate[]
  /** Why the search ends when nothing is pending; `budget` unless said. */
  readonly stop?: SearchStop
}

/** What became of one evaluated candidate, for the trace. */
export interface Verdict {
  readonly accepted: boolean
  readonly quota: number
}

export interface Told<Own> extends Move<Own> {
  /** One an evaluated candidate, same order. */
  readonly verdicts: readonly Verdict[]
}

/** A strategy's view of the search around it. */
export interface Situation {
  readonly task: TaskFacts
  /** NFEs not yet spent, the evaluations now told already counted. */
  readonly nfeLeft: number
}

/** NFEs beyond the plan. */
export interface MoreThanPlanned {
  /** An integer >= 1. */
  readonly nfe: number
  /** The plan ended because nothing more seemed worth its NFEs (`converged`), and they are to be spent all the same. */
  readonly insist: boolean
}

export interface Strategy<Own, Settings> {
  readonly name: string
  readonly defaults: Settings
  begin(task: TaskFacts, settings: Settings): Move<Own>
  advance(situation: Situation, own: Own, evaluated: readonly Evaluated[]): Told<Own>
  /** What comes next when the plan has ended and there is more to spend; absent where that makes no sense. */
  extend?(task: TaskFacts, own: Own, more: MoreThanPlanned): Move<Own>
  progress(own: Own): Pick<SearchProgress, 'step' | 'steps' | 'quota' | 'rolledOver'>
}

export interface SearchState<Own> {
  /** Its budget is what the search was planned for. */
  readonly task: TaskFacts
  /** Of an extended search: NFEs it may have used when it ends, less or more than it was planned for. */
  readonly allowance?: number
  readonly own: Own
  /** Evaluated next. Those of a search that ended before its plan did wait for an extension. */
  readonly pending: readonly Candidate[]
  readonly nfeUsed: number
  /** The best of each lane that has one, best first. */
  readonly best: readonly Evaluated[]
  readonly stop: SearchStop | null
}

/** The Search of a strategy. Its `tell` throws RangeError when a strategy asked for more NFEs than are left: a bug, never spent. */
export function defineSearch<Own, Settings>(strategy: Strategy<Own, Settings>): Search<SearchState<Own>, Settings> {
  return {
    name: strategy.name,
    defaults: strategy.defaults,
    start: (task, settings) => {
      const facts = taskFacts(task)
      return withMove({ task: facts, nfeUsed: 0, best: [] }, strategy.begin(facts, settings))
    },
    ask: ({ task, pending, stop }) => (stop === null ? pending.map((candidate) => askOf(task, candidate)) : []),
    tell: (state, evaluations) => {
      const evaluated = state.pending.map((candidate, i) => evaluatedOf(candidate, evaluations[i]))
      const { task } = state
      const past = {
        ...state,
        nfeUsed: state.nfeUsed + costOf(state.pending),
        best: evaluated.reduce(keepBest, state.best),
      }
      const told = strategy.advance({ task, nfeLeft: task.nfeBudget - past.nfeUsed }, state.own, evaluated)
      const moved = withMove(past, told)
      // A plan that ends because nothing more is worth its NFEs ends the extension too: the rest is refunded.
      const next = moved.stop === 'converged' ? moved : beyondPlan(strategy, moved)
      const reached = evaluated.some((one) => reachesTarget(task, one))
      return {
        state: reached ? { ...next, stop: 'target_reward' } : next,
        records: recordsOf(state, evaluated, told),
      }
    },
    done: (state) => state.stop !== null,
    stop: (state) => state.stop ?? undefined,
    progress: (state) => progressOf(state, strategy.progress(state.own)),
    answers: ({ task, best }) => best.slice(0, task.outputs).map((one) => answerOf(task, one)),
    leastMore: (state) => leastMore(strategy, state),
    extend: (state, more) => extended(strategy, state, more),
  }
}

type Extender<Own> = Pick<Strategy<Own, unknown>, 'name' | 'extend'>

/** Those that wait are evaluated together or not at all; where none wait, the strategy plans anew. */
function leastMore<Own>({ extend }: Extender<Own>, { pending }: SearchState<Own>): number | undefined {
  if (pending.length > 0) return Math.max(1, costOf(pending))
  return extend === undefined ? undefined : 1
}

function extended<Own>(
  strategy: Extender<Own>,
  state: SearchState<Own>,
  { nfe, targetReward }: MoreNfe,
): SearchState<Own> {
  const least = leastMore(strategy, state)
  if (least === undefined) throw new RangeError(`${strategy.name} has nothing to go on with`)
  if (!(Number.isInteger(nfe) && nfe >= least)) throw new RangeError(`nfe must be an integer >= ${least}`)
  const task = { ...state.task, targetReward: targetReward ?? null }
  const richer = { ...state, task, allowance: state.nfeUsed + nfe }
  return state.pending.length > 0 ? withMove(richer, state) : beyondPlan(strategy, richer)
}

/** A state whose plan has ended, gone on from where its allowance reaches further; any other as it is. */
function beyondPlan<Own>({ extend }: Extender<Own>, state: SearchState<Own>): SearchState<Own> {
  const { allowance = 0, nfeUsed, pending, own, stop } = state
  const nfe = allowance - nfeUsed
  if (extend === undefined || pending.length > 0 || nfe <= 0) return state
  const task = { ...state.task, nfeBudget: allowance }
  return withMove({ ...state, task }, extend(task, own, { nfe, insist: stop === 'converged' }))
}

/** NFEs that a list of candidates costs: one for each that runs the velocity network. */
export function costOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { wants }) => sum + (wants === 'reward' ? 0 : 1), 0)
}

function taskFacts(task: SearchTask): TaskFacts {
  const { nfeBudget, seed, latentSize, native, timeShift, targetReward, outputs } = task
  if (!(Number.isInteger(nfeBudget) && nfeBudget >= 1)) throw new RangeError('nfeBudget must be an integer >= 1')
  if (!(Number.isInteger(outputs) && outputs >= 1)) throw new RangeError('outputs must be an integer >= 1')
  if (interpolantNamed(native.name).name !== native.name) throw new RangeError('native interpolant must be a named one')
  return {
    nfeBudget,
    seed: seed >>> 0,
    latentSize,
    native: native.name,
    ...(timeShift !== undefined && timeShift !== 1 && { timeShift }),
    targetReward: targetReward ?? null,
    outputs,
  }
}

function withMove<Own>(
  past: Pick<SearchState<Own>, 'task' | 'nfeUsed' | 'best' | 'allowance'>,
  { own, pending, stop }: Pick<Move<Own>, 'own' | 'pending'> & { readonly stop?: SearchStop | null },
): SearchState<Own> {
  const { task, nfeUsed, best, allowance = task.nfeBudget } = past
  const nfe = nfeUsed + costOf(pending)
  if (nfe > task.nfeBudget) throw new RangeError('a search asked for more NFEs than its budget')
  const kept = { task, ...(past.allowance !== undefined && { allowance }), nfeUsed, best, own, pending }
  if (pending.length > 0) return { ...kept, stop: nfe > allowance ? 'budget' : null }
  return { ...kept, stop: stop ?? 'budget' }
}

function askOf(task: TaskFacts, candidate: Candidate): Ask {
  const { t, wants, gradient } = candidate
  const ask = { latent: latentOf(task, candidate), t, wants }
  return gradient === undefined ? ask : { ...ask, gradient }
}

function evaluatedOf(candidate: Candidate, evaluation: Evaluation | undefined): Evaluated {
  const { velocity = null, reward = null, gradient = null } = evaluation ?? {}
  const { wants } = candidate
  if (wants !== 'reward' && velocity === null) throw new TypeError('an evaluation lacks its velocity')
  if (wants !== 'velocity' && (reward === null || Number.isNaN(reward)))
    throw new TypeError('an evaluation lacks its reward')
  if (candidate.gradient === true && gradient === null) throw new TypeError('an evaluation lacks its gradient')
  return { candidate, velocity, reward, gradient }
}

/** One place a lane, best first; the earlier of two equals stays, so results do not depend on how asks were batched. */
function keepBest(best: readonly Evaluated[], one: Evaluated): readonly Evaluated[] {
  if (one.reward === null) return best
  const kept = best.find(({ candidate }) => candidate.lane === one.candidate.lane)
  if (kept !== undefined && !isBetter(one, kept)) return best
  const others = best.filter((other) => other !== kept)
  const at = others.findIndex((other) => isBetter(one, other))
  return at === -1 ? [...others, one] : [...others.slice(0, at), one, ...others.slice(at)]
}

/** A higher reward wins; at equal rewards a finished image beats an estimate. */
function isBetter(a: Evaluated, b: Evaluated): boolean {
  const [rewardA, rewardB] = [a.reward ?? -Infinity, b.reward ?? -Infinity]
  return rewardA > rewardB || (rewardA === rewardB && a.candidate.finished && !b.candidate.finished)
}

function reachesTarget({ targetReward }: TaskFacts, { candidate, reward }: Evaluated): boolean {
  return targetReward !== null && candidate.finished && reward !== null && reward >= targetReward
}

function recordsOf<Own>(
  state: SearchState<Own>,
  evaluated: readonly Evaluated[],
  { verdicts }: Told<Own>,
): CandidateRecord[] {
  let nfe = state.nfeUsed
  return evaluated.map(({ candidate, reward }, i) => {
    nfe += costOf([candidate])
    const { lane, step, index, t, finished } = candidate
    const { accepted = false, quota = 0 } = verdicts[i] ?? {}
    const scored = reward === null ? {} : { reward }
    return { step, lane, candidate: index, t, ...scored, accepted, quota, nfe, ...(finished ? { finished } : {}) }
  })
}

function progressOf<Own>(
  { nfeUsed, best }: SearchState<Own>,
  own: Pick<SearchProgress, 'step' | 'steps' | 'quota' | 'rolledOver'>,
): SearchProgress {
  const bestReward = best[0]?.reward ?? undefined
  return { ...own, nfeUsed, ...(bestReward === undefined ? {} : { bestReward }) }
}

function answerOf(task: TaskFacts, one: Evaluated): Answer {
  return {
    latent: cleanLatentOf(task, one),
    reward: one.reward ?? -Infinity,
    lane: one.candidate.lane,
    finished: one.candidate.finished,
  }
}
