/**
 * The contract every search obeys: plain state, two pure functions.
 *
 * `ask(state)` names the latents to evaluate, `tell(state, evaluations)` returns the next state, until `done(state)`.
 * A state is JSON values and typed arrays and nothing else, so a checkpoint is the state. No clock, no Math.random, no
 * I/O: the same task and the same evaluations give the same states, on any machine.
 */
import type { Interpolant } from '../flow/interpolant.ts'

/**
 * One latent to evaluate, in the model's NATIVE coordinates (the interpolant and time the network was trained on).
 * A search that walks another interpolant changes coordinates before asking.
 */
export interface Ask {
  /** Flattened latent, row-major in the pack's latent shape. Read-only to the engine. */
  readonly latent: Float32Array
  /** Native time in [0, 1]; 1 = noise, 0 = data. */
  readonly t: number
  /** What to compute. `velocity` and `both` cost one NFE each; `reward` looks at the latent itself (t = 0) and costs none. */
  readonly wants: 'velocity' | 'reward' | 'both'
  /** With `both`: also the gradient of the reward with respect to the denoised estimate. Only packs with `reward_gradient` can. */
  readonly gradient?: true
}

/** The answer to one Ask, in the same place of the array. */
export interface Evaluation {
  /** Native velocity at (latent, t); present unless the ask wanted only the reward. */
  readonly velocity?: Float32Array
  /** Reward of the decoded denoised estimate (`both`) or of the decoded latent (`reward`); higher is better. */
  readonly reward?: number
  /** d reward / d denoised estimate, where the ask wanted it. */
  readonly gradient?: Float32Array
}

/** What a search needs to know before its first ask. */
export interface SearchTask {
  /** NFEs that may be spent, an integer >= 1. Never exceeded. */
  readonly nfeBudget: number
  /** Unsigned 32-bit integer; every random number of the search derives from it. */
  readonly seed: number
  /** Number of floats of one latent. */
  readonly latentSize: number
  /** The interpolant the network was trained on. */
  readonly native: Interpolant
  /** How a uniform grid of native times is shifted towards noise; 1, not at all, unless said. */
  readonly timeShift?: number
  /** Stop as soon as a finished image reaches this reward. */
  readonly targetReward?: number
  /** Distinct images wanted, an integer >= 1. */
  readonly outputs: number
}

/** Where a search stands, for people who watch. All counts are of this search alone. */
export interface SearchProgress {
  /** Steps finished and steps planned, over the furthest lane. */
  readonly step: number
  readonly steps: number
  readonly nfeUsed: number
  /** Best reward seen so far; undefined before the first. */
  readonly bestReward?: number
  /** NFEs the current step of the current lane may spend, rollover included. */
  readonly quota: number
  /** NFEs that steps handed on to later steps so far. */
  readonly rolledOver: number
}

/** One line of the trace: one told candidate. */
export interface CandidateRecord {
  readonly step: number
  readonly lane: number
  readonly candidate: number
  /** Native time of the evaluated latent. */
  readonly t: number
  readonly reward?: number
  readonly accepted: boolean
  readonly quota: number
  /** NFEs used by the whole search, this candidate included. */
  readonly nfe: number
  /** True when the reward is a finished image's. */
  readonly finished?: true
}

/** A finished or best-so-far image, as a clean latent. */
export interface Answer {
  readonly latent: Float32Array
  readonly reward: number
  readonly lane: number
  /** True when the latent was integrated to t = 0 and that image scored; false for a denoised estimate on the way. */
  readonly finished: boolean
}

export interface Told<State> {
  readonly state: State
  readonly records: readonly CandidateRecord[]
}

/** Why a search ended by itself. */
export type SearchStop = 'budget' | 'target_reward' | 'converged'

/** What a search that has ended is given to go on. */
export interface MoreNfe {
  /** NFEs beside those already used, an integer, at least what `leastMore` says. */
  readonly nfe: number
  /** Replaces the target of the search; none unless said. */
  readonly targetReward?: number
}

export interface Search<State, Settings> {
  readonly name: string
  /** Settings used where the caller names none. */
  readonly defaults: Settings
  start(task: SearchTask, settings: Settings): State
  /** Latents to evaluate now; independent of each other, so the engine may batch or split them. Empty only when done. */
  ask(state: State): readonly Ask[]
  /** One evaluation an ask, same order. */
  tell(state: State, evaluations: readonly Evaluation[]): Told<State>
  done(state: State): boolean
  stop(state: State): SearchStop | undefined
  progress(state: State): SearchProgress
  /** Best first, at most the outputs asked; at any moment after the first tell at least one. */
  answers(state: State): readonly Answer[]
  /** The fewest NFEs that a search goes on with from here; undefined where it has nothing to go on with. */
  leastMore(state: State): number | undefined
  /**
   * The state from which a search that has ended, or was ended from outside, goes on: its images, lanes and noise stay, and
   * nothing is evaluated twice. One that was interrupted goes on with its plan, and further where its NFEs last longer.
   * Throws RangeError where `leastMore` is undefined or more than `more.nfe`.
   */
  extend(state: State, more: MoreNfe): State
}
