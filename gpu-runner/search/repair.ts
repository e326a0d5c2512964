/**
 * One round of repair: noise put back onto a finished image, candidates there, one of them walked down again.
 *
 * The noise is put back by the exact Gaussian transition, x = alpha x_0 + sigma (rho e + sqrt(1 - rho^2) n), with e the noise
 * that led to x_0: rho keeps part of the layout at times where fresh noise alone would forget it.
 */
import { combine } from '../flow/floats.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { transition } from '../flow/kernel.ts'
import { type Candidate, cleanLatentOf, type Evaluated, type LatentFacts, latentOf } from './candidate.ts'
import { bestOf, rewardOf } from './spawn.ts'
import { meanOfNext, walkStep } from './walk.ts'

/** A finished image and the noise it came from. */
export interface Origin {
  readonly clean: Float32Array
  readonly noise: Float32Array
  readonly reward: number
}

export interface RoundPlan {
  /** Native time that noise is put back to, in (0, 1]. */
  readonly t: number
  /** Grid steps from there to 0, the candidate's own evaluation included; >= 1. */
  readonly steps: number
  /** Share of the old noise that is kept, in [0, 1]. */
  readonly rho: number
  /** Candidates that may be drawn, >= 1. */
  readonly quota: number
  /** The first candidate whose denoised estimate scores higher than this ends the drawing. */
  readonly acceptAbove: number
}

export interface Round {
  readonly plan: RoundPlan
  readonly lane: number
  /** The round's step coordinate, unique in its lane. */
  readonly step: number
  /** Mean of the candidates; their spread is `fresh`. */
  readonly base: Float32Array
  readonly fresh: number
  readonly origin: Origin
  readonly tried: number
  /** The best candidate drawn; once the walk down has begun, the one that walks. */
  readonly best: Evaluated | null
  /** Grid steps taken on the way down; 0 while candidates are drawn. */
  readonly down: number
}

/** A round from an origin. Its first candidate is `drawOf(round)`. */
export function startRound(
  facts: LatentFacts,
  origin: Origin,
  { plan, lane, step }: { plan: RoundPlan; lane: number; step: number },
): Round {
  const { t: s, rho } = plan
  const weights = transition({ kind: 'gaussian', rho }, interpolantNamed(facts.native), { r: 1, s })
  const base = combine(weights.denoised, origin.clean, { b: weights.noise, y: origin.noise })
  return { plan, lane, step, base, fresh: weights.fresh, origin, tried: 0, best: null, down: 0 }
}

/** The next candidate at the round's time. */
export function drawOf({ plan, lane, step, base, fresh, tried }: Round): Candidate {
  return { lane, step, index: tried, t: plan.t, base, fresh, wants: 'both', finished: plan.steps === 1 }
}

/** What an evaluation makes of a round: more to evaluate, or its finished image. */
export interface RoundMove {
  readonly round: Round
  readonly next: Candidate | null
  readonly finished: Evaluated | null
  /** Whether this evaluation ended the drawing or finished above the bar. */
  readonly accepted: boolean
  /** Quota that the round did not need; told once, when drawing ends. */
  readonly rolled: number
}

/** The round after one evaluation. */
export function advanceRound(facts: LatentFacts, round: Round, one: Evaluated): RoundMove {
  const { plan } = round
  if (round.down > 0) return walkOn(facts, round, one)
  const best = round.best === null ? one : bestOf([round.best, one])
  const drawn = { ...round, best, tried: round.tried + 1 }
  const accepted = rewardOf(one) > plan.acceptAbove
  if (!accepted && drawn.tried < plan.quota)
    return { round: drawn, next: drawOf(drawn), finished: null, accepted, rolled: 0 }
  // Above the bar it is the round's best as well: all before it stayed below.
  const walked = walkOn(facts, drawn, best)
  const rolled = plan.quota - drawn.tried
  return { ...walked, accepted: walked.accepted || walked.finished === null, rolled }
}

/** One Euler step towards t = 0 from an evaluated state; at the last grid time it is the finished image. */
function walkOn(facts: LatentFacts, round: Round, one: Evaluated): RoundMove {
  const { plan, origin } = round
  const down = round.down + 1
  if (down === plan.steps || one.velocity === null) {
    return { round, next: null, finished: one, accepted: rewardOf(one) > origin.reward, rolled: 0 }
  }
  const timeAt = (i: number) => plan.t * (1 - i / plan.steps)
  const native = interpolantNamed(facts.native)
  const here = walkStep({ native, walked: native, kernel: { kind: 'ode' } }, timeAt(round.down), timeAt(down))
  const base = meanOfNext(here, latentOf(facts, one.candidate), one.velocity)
  const finished = down === plan.steps - 1
  const { lane, step, index } = one.candidate
  const next: Candidate = {
    lane,
    step,
    index,
    t: timeAt(down),
    base,
    fresh: 0,
    wants: finished ? 'both' : 'velocity',
    finished,
  }
  return { round: { ...round, down }, next, finished: null, accepted: false, rolled: 0 }
}

/** The finished image of a round as the origin of further rounds, with the noise that its candidate stood on. */
export function originOf(facts: LatentFacts, { origin, plan, best }: Round, finished: Evaluated): Origin {
  if (best === null) throw new RangeError('a round without a candidate')
  const native = interpolantNamed(facts.native)
  const [alpha, sigma] = [native.alpha(plan.t), native.sigma(plan.t)]
  const noise = combine(1 / sigma, latentOf(facts, best.candidate), { b: -alpha / sigma, y: origin.clean })
  return { clean: cleanLatentOf(facts, finished), noise, reward: rewardOf(finished) }
}
