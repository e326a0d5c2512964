/**
 * What a network predicts, and what follows from it at one (x, t): velocity, denoised, noise, score.
 *
 * Every one of them is linear in the state x and the prediction, so each formula is a pair of numbers.
 * Source: x = alpha x_0 + sigma e and u = alpha' x_0 + sigma' e, solved for the unknowns
 * (Kim et al., arXiv 2503.19385, eq. 5-6; Ma et al., arXiv 2401.08740, section 2.3).
 */
import { combine, type Floats } from './floats.ts'
import type { Interpolant } from './interpolant.ts'

export type Prediction = 'velocity' | 'epsilon' | 'denoised'

/** The quantity ofState x + ofPrediction p. */
export interface Pair {
  readonly ofState: number
  readonly ofPrediction: number
}

/** Velocity from what the network says. `epsilon` needs alpha(t) > 0, `denoised` needs sigma(t) > 0. */
export const VELOCITY_OF: Record<Prediction, (interpolant: Interpolant, t: number) => Pair> = {
  velocity: () => ({ ofState: 0, ofPrediction: 1 }),
  epsilon: (p, t) => {
    const ratio = p.dAlpha(t) / p.alpha(t)
    return { ofState: ratio, ofPrediction: p.dSigma(t) - ratio * p.sigma(t) }
  },
  denoised: (p, t) => {
    const ratio = p.dSigma(t) / p.sigma(t)
    return { ofState: ratio, ofPrediction: p.dAlpha(t) - ratio * p.alpha(t) }
  },
}

/** The inverse of VELOCITY_OF: the network's own quantity from a velocity. */
export const PREDICTION_OF: Record<Prediction, (interpolant: Interpolant, t: number) => Pair> = {
  velocity: () => ({ ofState: 0, ofPrediction: 1 }),
  epsilon: noisePair,
  denoised: denoisedPair,
}

/** Tweedie's estimate of the clean latent: (sigma u - sigma' x) / (alpha' sigma - sigma' alpha). */
export function denoisedPair(p: Interpolant, t: number): Pair {
  const divisor = wronskian(p, t)
  return { ofState: -p.dSigma(t) / divisor, ofPrediction: p.sigma(t) / divisor }
}

/** The noise that the velocity implies: (alpha' x - alpha u) / (alpha' sigma - sigma' alpha). */
export function noisePair(p: Interpolant, t: number): Pair {
  const divisor = wronskian(p, t)
  return { ofState: p.dAlpha(t) / divisor, ofPrediction: -p.alpha(t) / divisor }
}

/** grad log p_t(x) = -noise / sigma = ((alpha / alpha') u - x) / (sigma^2 - (alpha / alpha') sigma' sigma). */
export function scorePair(p: Interpolant, t: number): Pair {
  const { ofState, ofPrediction } = noisePair(p, t)
  return { ofState: -ofState / p.sigma(t), ofPrediction: -ofPrediction / p.sigma(t) }
}

/** ofState x + ofPrediction p, as a new array. */
export function applyPair<T extends Floats>(pair: Pair, x: T, prediction: T): T {
  return combine(pair.ofState, x, { b: pair.ofPrediction, y: prediction })
}

function wronskian(p: Interpolant, t: number): number {
  return p.dAlpha(t) * p.sigma(t) - p.dSigma(t) * p.alpha(t)
}
