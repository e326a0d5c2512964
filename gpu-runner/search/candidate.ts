/** Candidates: latents that exist only as coordinates until they are asked for. */

import { interpolantNamed } from '../flow/interpolant.ts'
import { perturbed } from '../flow/noise.ts'
import { applyPair, denoisedPair } from '../flow/prediction.ts'
import type { Ask } from './search.ts'

/**
 * A latent base + fresh x noise(seed, lane, step, index), in native coordinates. Siblings share one base, so a state with
 * twenty-five of them holds one array.
 */
export interface Candidate {
  readonly lane: number
  /** Index of the evaluated grid time; also the noise's step coordinate. */
  readonly step: number
  /** Noise coordinate; unique within (lane, step). */
  readonly index: number
  /** Native time. */
  readonly t: number
  /** null: the zero latent, for initial noise. */
  readonly base: Float32Array | null
  readonly fresh: number
  readonly wants: Ask['wants']
  /** True when the denoised estimate at this place ends the walk: its reward is a finished image's. */
  readonly finished: boolean
  /** Also evaluate the reward's gradient. */
  readonly gradient?: true
}

/** A candidate and what the model said. */
export interface Evaluated {
  readonly candidate: Candidate
  readonly velocity: Float32Array | null
  readonly reward: number | null
  readonly gradient: Float32Array | null
}

export interface LatentFacts {
  readonly seed: number
  readonly latentSize: number
  /** Name of the native interpolant. */
  readonly native: string
  /** How a uniform native grid is shifted towards noise; 1, not at all, unless said. */
  readonly timeShift?: number
}

/** Redrawing is exact, so forgetting this memo (a restart) changes nothing but a few microseconds. */
const drawn = new WeakMap<Candidate, Float32Array>()

/** The latent of a candidate; drawn once while the candidate lives. */
export function latentOf({ seed, latentSize }: LatentFacts, candidate: Candidate): Float32Array {
  const known = drawn.get(candidate)
  if (known !== undefined) return known
  const { lane, step, index, base, fresh } = candidate
  const latent = perturbed(base ?? new Float32Array(latentSize), fresh, { seed, lane, step, candidate: index })
  drawn.set(candidate, latent)
  return latent
}

/** The clean latent that an evaluated candidate's reward speaks of: its denoised estimate, or itself at t = 0. */
export function cleanLatentOf(facts: LatentFacts, { candidate, velocity }: Evaluated): Float32Array {
  const latent = latentOf(facts, candidate)
  if (candidate.t === 0 || velocity === null) return latent
  return applyPair(denoisedPair(interpolantNamed(facts.native), candidate.t), latent, velocity)
}
