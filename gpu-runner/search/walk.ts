/**
 * A walk from noise to data: the grid times of a sampler in native coordinates, and what one step does to (x, u).
 *
 * The last grid time before 0 is where a walk ends: its denoised estimate is the finished image. So n steps cost n NFEs,
 * and a candidate evaluated at the last time is a finished image with its true reward.
 */
import { nativePlace } from '../flow/change-of-interpolant.ts'
import { combine } from '../flow/floats.ts'
import { type Interpolant, interpolantNamed } from '../flow/interpolant.ts'
import { type Kernel, transition } from '../flow/kernel.ts'
import { denoisedPair, noisePair } from '../flow/prediction.ts'
import { type Schedule, timeGrid } from '../flow/schedule.ts'

/** How to walk: on which interpolant, at which times, with which kernel. */
export interface Sampler {
  /** Name of the walked interpolant. `native` walks the one the network was trained on. */
  readonly interpolant: string
  readonly schedule: Schedule
  readonly kernel: Kernel
  /** Grid steps, an integer >= 1; one NFE each for a walk without search. */
  readonly steps: number
}

/** One grid time and the step that leads from it to the next, all in native coordinates. */
export interface WalkStep {
  /** Native time. */
  readonly t: number
  /** next = ofState x + ofVelocity u + fresh n. At the last time: next is the denoised estimate, fresh is 0. */
  readonly ofState: number
  readonly ofVelocity: number
  readonly fresh: number
  readonly last: boolean
}

export interface Walk {
  readonly steps: readonly WalkStep[]
  /** Standard deviation of the initial noise, in native coordinates. */
  readonly initialScale: number
}

/** The walk of a sampler over a network trained on `native`; a uniform grid of native times is shifted as the pack says. */
export function walkOf(sampler: Sampler, native: Interpolant, timeShift = 1): Walk {
  const walked = sampler.interpolant === 'native' ? native : interpolantNamed(sampler.interpolant)
  const shifts = timeShift !== 1 && sampler.interpolant === 'native' && sampler.schedule.kind === 'uniform'
  const schedule: Schedule = shifts ? { kind: 'shift', shift: timeShift } : sampler.schedule
  const grid = timeGrid(schedule, sampler.steps, walked)
  const steps = grid
    .slice(0, -1)
    .map((r, i) => walkStep({ native, walked, kernel: sampler.kernel }, r, grid[i + 1] ?? 0))
  return { steps, initialScale: walked.sigma(1) / nativePlace(native, walked, 1).scale }
}

/** The mean of the next state: everything but the fresh noise. */
export function meanOfNext(step: WalkStep, latent: Float32Array, velocity: Float32Array): Float32Array {
  return combine(step.ofState, latent, { b: step.ofVelocity, y: velocity })
}

interface Walker {
  readonly native: Interpolant
  readonly walked: Interpolant
  readonly kernel: Kernel
}

/** The step from walked time r to s, written over the native state and velocity at r. */
export function walkStep({ native, walked, kernel }: Walker, r: number, s: number): WalkStep {
  const { t } = nativePlace(native, walked, r)
  const [denoised, noise] = [denoisedPair(native, t), noisePair(native, t)]
  if (s === 0) return { t, ofState: denoised.ofState, ofVelocity: denoised.ofPrediction, fresh: 0, last: true }
  const weights = transition(kernel, walked, { r, s })
  const { scale } = nativePlace(native, walked, s)
  return {
    t,
    ofState: (weights.denoised * denoised.ofState + weights.noise * noise.ofState) / scale,
    ofVelocity: (weights.denoised * denoised.ofPrediction + weights.noise * noise.ofPrediction) / scale,
    fresh: weights.fresh / scale,
    last: false,
  }
}
