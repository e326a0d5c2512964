/**
 * Walking one interpolant with a network trained on another.
 *
 * Equal signal-to-noise ratio names the same distribution up to a scale, so a state x at time r of the walked
 * interpolant is the state x / scale at time t of the native one.
 * Source: Kim et al. (arXiv 2503.19385) section 4.2, eq. 10-12; Karras et al. (arXiv 2206.00364) for the scaling.
 */
import type { Interpolant } from './interpolant.ts'
import type { Pair } from './prediction.ts'

/** Where time r of the walked interpolant lies on the native one. */
export interface NativePlace {
  /** Native time of equal alpha / sigma. */
  readonly t: number
  /** x_native = x_walked / scale. */
  readonly scale: number
}

/** The native time and scale of walked time r in [0, 1]. */
export function nativePlace(native: Interpolant, walked: Interpolant, r: number): NativePlace {
  const sigma = walked.sigma(r)
  // At r = 0 there is no noise to compare: both are the data itself.
  if (sigma === 0) return { t: 0, scale: walked.alpha(r) / native.alpha(0) }
  const t = native.name === walked.name ? r : native.snrInverse(walked.alpha(r) / sigma)
  return { t, scale: sigma / native.sigma(t) }
}

/** dt/dr and dscale/dr at a place with 0 < r. */
export function nativePlaceRates(native: Interpolant, walked: Interpolant, r: number): NativePlace {
  const { t } = nativePlace(native, walked, r)
  const [sigmaR, sigmaT] = [walked.sigma(r), native.sigma(t)]
  const snrRate = (p: Interpolant, time: number) => p.sigma(time) * p.dAlpha(time) - p.alpha(time) * p.dSigma(time)
  const tRate = (sigmaT ** 2 * snrRate(walked, r)) / (sigmaR ** 2 * snrRate(native, t))
  return { t: tRate, scale: (sigmaT * walked.dSigma(r) - sigmaR * native.dSigma(t) * tRate) / sigmaT ** 2 }
}

/**
 * The walked velocity u_r(x) = (scale' / scale) x + t' scale u_t(x / scale), as a pair over the walked state and the
 * native velocity. Needs 0 < r; where r = 1 is singular (`polynomial_convex`, n > 1) take the denoised and noise route.
 */
export function walkedVelocityPair(native: Interpolant, walked: Interpolant, r: number): Pair {
  const { scale } = nativePlace(native, walked, r)
  const rates = nativePlaceRates(native, walked, r)
  return { ofState: rates.scale / scale, ofPrediction: rates.t * scale }
}
