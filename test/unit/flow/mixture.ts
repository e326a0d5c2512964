/** A mixture of Gaussians: the one data distribution whose velocity, score and denoised estimate are known in closed form. */
import type { Interpolant } from '../../../gpu-runner/flow/interpolant.ts'

export interface Mixture {
  readonly weights: readonly number[]
  /** One mean a component. */
  readonly means: readonly (readonly number[])[]
  /** Standard deviation of every component, the same in every direction. */
  readonly deviation: number
}

export const TWO_MODES: Mixture = {
  weights: [0.3, 0.7],
  means: [
    [-1.5, 0.5],
    [1, -0.8],
  ],
  deviation: 0.4,
}

/** E[x_0 | x_t = x]. */
export function denoisedOf(
  { weights, means, deviation }: Mixture,
  p: Interpolant,
  { x, t }: { x: ArrayLike<number>; t: number },
): number[] {
  const [alpha, sigma] = [p.alpha(t), p.sigma(t)]
  const variance = (alpha * deviation) ** 2 + sigma ** 2
  const gain = (alpha * deviation ** 2) / variance
  const logs = means.map((mean, k) => Math.log(weights[k] ?? 0) - squared(x, mean, alpha) / (2 * variance))
  const top = Math.max(...logs)
  const shares = logs.map((log) => Math.exp(log - top))
  const total = shares.reduce((a, b) => a + b, 0)
  return Array.from(x, (value, i) =>
    means.reduce(
      (sum, mean, k) => sum + ((shares[k] ?? 0) / total) * ((mean[i] ?? 0) + gain * (value - alpha * (mean[i] ?? 0))),
      0,
    ),
  )
}

/** Velocity along the interpolant, 0 < t: alpha' x_0 + sigma' e. */
export function velocityOf(mixture: Mixture, p: Interpolant, { x, t }: { x: ArrayLike<number>; t: number }): number[] {
  const denoised = denoisedOf(mixture, p, { x, t })
  return Array.from(x, (value, i) => {
    const clean = denoised[i] ?? 0
    return p.dAlpha(t) * clean + (p.dSigma(t) * (value - p.alpha(t) * clean)) / p.sigma(t)
  })
}

/** Gradient of log p_t, straight from the density (not through the velocity). */
export function scoreOf(mixture: Mixture, p: Interpolant, { x, t }: { x: ArrayLike<number>; t: number }): number[] {
  const [alpha, sigma] = [p.alpha(t), p.sigma(t)]
  const variance = (alpha * mixture.deviation) ** 2 + sigma ** 2
  const densities = mixture.means.map(
    (mean, k) => (mixture.weights[k] ?? 0) * Math.exp(-squared(x, mean, alpha) / (2 * variance)),
  )
  const total = densities.reduce((a, b) => a + b, 0)
  return Array.from(x, (value, i) =>
    mixture.means.reduce(
      (sum, mean, k) => sum + ((densities[k] ?? 0) / total) * ((alpha * (mean[i] ?? 0) - value) / variance),
      0,
    ),
  )
}

function squared(x: ArrayLike<number>, mean: readonly number[], alpha: number): number {
  return mean.reduce((sum, m, i) => sum + ((x[i] ?? 0) - alpha * m) ** 2, 0)
}
