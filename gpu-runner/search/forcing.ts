/**
 * Lanes that walk down with a quota of candidates a step, and rules for when a step may end early.
 *
 * Source: Kim et al., Inference-time scaling for flow models (arXiv 2503.19385) section 5 and algorithm 1: a lane stands at an evaluated
 * state and draws candidates for the next grid time one by one; one that the rule accepts ends the step, and what is left of the
 * quota rolls over. A quota spent in vain takes the step's best candidate. The last grid time's candidates are finished images, and it spends
 * all that is left. One NFE a candidate; every later grid time has its one NFE reserved.
 */
import type { Candidate, Evaluated } from './candidate.ts'
import type { Move, Situation, Strategy, TaskFacts, Verdict } from './define-search.ts'
import { pushedBy } from './gradient-push.ts'
import { bestOf, childrenOf, fittedTo, initialCandidate, rewardOf, shareOut, walkFor } from './spawn.ts'
import type { Sampler } from './walk.ts'

/**
 * - `improvement`: the first candidate above the lane's best so far (the paper's).
 * - `threshold`: the first that lies `deviations` above the mean of the step's earlier candidates, of which `least` are always drawn: asks for more than
 *   the gain that every candidate of the step makes (after Verifier-threshold, arXiv 2512.08985, with a bar that needs no absolute score).
 */
export type AcceptRule =
  | { readonly kind: 'improvement' }
  | { readonly kind: 'threshold'; readonly deviations: number; readonly least: number }

export interface ForcingSettings {
  readonly sampler: Sampler
  /** Independent chains; at least as many as outputs asked, as far as the budget reaches. */
  readonly lanes: number
  /** Initial noises tried by the whole search, at most a quarter of its budget. */
  readonly initial: number
  readonly rule: AcceptRule
  /** Weight w of the reward's gradient in w gamma alpha grad; 0 asks for none. See `gradient.ts`. */
  readonly gradientWeight: number
}

interface Lane {
  readonly lane: number
  /** Grid time of the candidates now drawn. */
  readonly step: number
  /** The accepted state they come from; null while initial noises are tried. */
  readonly parent: Evaluated | null
  /** The lane's best reward when the step began. */
  readonly bar: number
  readonly nfeLeft: number
  readonly quota: number
  /** Evaluated candidates of this step; only the best keeps its velocity. */
  readonly rewards: readonly number[]
  readonly best: Evaluated | null
}

export interface ForcingState {
  readonly settings: ForcingSettings
  readonly lanes: readonly Lane[]
  readonly rolledOver: number
}

/** A strategy over these lanes, by its name and defaults. */
export function forcingStrategy(name: string, defaults: ForcingSettings): Strategy<ForcingState, ForcingSettings> {
  return {
    name,
    defaults,
    begin,
    advance,
    progress: ({ settings, lanes, rolledOver }) => {
      const { steps } = settings.sampler
      return { step: lanes[0]?.step ?? steps, steps, quota: lanes[0]?.quota ?? 0, rolledOver }
    },
  }
}

function begin(task: TaskFacts, settings: ForcingSettings): Move<ForcingState> {
  const count = Math.min(Math.max(settings.lanes, task.outputs), task.nfeBudget)
  const budgets = shareOut(task.nfeBudget, count)
  const sampler = fittedTo(budgets.at(-1) ?? 1, settings.sampler)
  const initials = shareOut(Math.max(count, Math.min(settings.initial, Math.floor(task.nfeBudget / 4))), count)
  const lanes = budgets.map((nfeLeft, lane): Lane => {
    const most = nfeLeft - (sampler.steps - 1)
    const quota = sampler.steps === 1 ? nfeLeft : Math.min(initials[lane] ?? 1, most)
    return { lane, step: 0, parent: null, bar: -Infinity, nfeLeft, quota, rewards: [], best: null }
  })
  return withAsks(task, { settings: { ...settings, sampler }, lanes, rolledOver: 0 })
}

function advance({ task }: Situation, own: ForcingState, evaluated: readonly Evaluated[]) {
  const moves = evaluated.map((one) => moveLane(own, one))
  const moved = {
    ...own,
    lanes: moves.flatMap(({ lane }) => lane ?? []),
    rolledOver: moves.reduce((sum, { rolled }) => sum + rolled, own.rolledOver),
  }
  return { ...withAsks(task, moved), verdicts: moves.map(({ verdict }) => verdict) }
}

/** One candidate a lane, so that none is drawn in vain after an acceptance. */
function withAsks(task: TaskFacts, own: ForcingState): Move<ForcingState> {
  const walk = walkFor(task, own.settings.sampler)
  const { gradientWeight } = own.settings
  const pending = own.lanes.flatMap(({ lane, parent, rewards }): Candidate[] => {
    const place = { lane, index: rewards.length }
    if (parent === null) return [initialCandidate(walk, place)]
    const drawn = childrenOf(task, walk, { parent, places: [place] })
    return gradientWeight === 0
      ? drawn
      : drawn.map((candidate) => pushedBy(task, { candidate, parent, gradientWeight }))
  })
  return {
    own,
    pending: gradientWeight === 0 ? pending : pending.map((candidate) => ({ ...candidate, gradient: true })),
  }
}

interface LaneMove {
  /** undefined once the lane has ended. */
  readonly lane: Lane | undefined
  readonly verdict: Verdict
  readonly rolled: number
}

function moveLane({ settings, lanes }: ForcingState, one: Evaluated): LaneMove {
  const lane = lanes.find(({ lane }) => lane === one.candidate.lane)
  if (lane === undefined) throw new RangeError('an evaluation of no lane')
  const told: Lane = {
    ...lane,
    nfeLeft: lane.nfeLeft - 1,
    best: lane.best === null ? one : bestOf([lane.best, one]),
    rewards: [...lane.rewards, rewardOf(one)],
  }
  const last = lane.step === settings.sampler.steps - 1
  const accepted = lane.step > 0 && !last && accepts(settings.rule, lane, rewardOf(one))
  const verdict = { accepted: accepted || told.best === one, quota: lane.quota }
  if (!accepted && told.rewards.length < lane.quota)
    return { lane: told, verdict: { ...verdict, accepted: false }, rolled: 0 }
  if (last) return { lane: undefined, verdict, rolled: 0 }
  const rolled = lane.quota - told.rewards.length
  return { lane: nextStep(settings, { lane: told, accepted: accepted ? one : null, rolled }), verdict, rolled }
}

function accepts(rule: AcceptRule, { bar, rewards }: Lane, reward: number): boolean {
  switch (rule.kind) {
    case 'improvement':
      return reward > bar
    case 'threshold': {
      if (rewards.length < Math.max(2, rule.least)) return false
      const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length
      const deviation = Math.sqrt(rewards.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (rewards.length - 1))
      return reward > mean + rule.deviations * deviation && reward >= Math.max(...rewards)
    }
  }
}

/** The even share of what is left, plus what the step before did not need, less the one NFE of each later step. */
function nextStep(
  { sampler }: ForcingSettings,
  { lane, accepted, rolled }: { lane: Lane; accepted: Evaluated | null; rolled: number },
): Lane {
  const step = lane.step + 1
  const stepsAfter = sampler.steps - 1 - step
  const even = Math.floor((lane.nfeLeft - rolled) / (stepsAfter + 1))
  const quota = stepsAfter === 0 ? lane.nfeLeft : Math.max(1, Math.min(even + rolled, lane.nfeLeft - stepsAfter))
  const bar = Math.max(lane.bar, ...lane.rewards)
  return { ...lane, step, parent: accepted ?? lane.best, bar, quota, rewards: [], best: null }
}
