/**
 * Samples against exact marginals. 14 walks per interpolant are looked at along two directions at three times, by a
 * one-sample Kolmogorov-Smirnov test each with a false-alarm rate of 1 in 100,000: below 0.5 % over the whole file. Seeds are fixed.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nativePlace } from '../../../gpu-runner/flow/change-of-interpolant.ts'
import { integrate } from '../../../gpu-runner/flow/integrate.ts'
import { type Interpolant, interpolantNamed, linear } from '../../../gpu-runner/flow/interpolant.ts'
import type { Kernel } from '../../../gpu-runner/flow/kernel.ts'
import { standardNormals, uniforms } from '../../../gpu-runner/flow/noise.ts'
import { applyPair, denoisedPair, scorePair } from '../../../gpu-runner/flow/prediction.ts'
import { renoise } from '../../../gpu-runner/flow/renoise.ts'
import { walkStep } from '../../../gpu-runner/search/walk.ts'
import { denoisedOf, type Mixture, scoreOf, TWO_MODES, velocityOf } from './mixture.ts'

const NAMES = ['linear', 'vp', 'cosine', 'linear_vp', 'polynomial_convex_2', 'general_convex_2', 'vp_0.5_12']
const SAMPLES = 1500
const STEPS = 150
/** sqrt(-ln(1e-5 / 2) / 2) */
const CRITICAL = 2.47
/** A data distribution of one point: here the denoised estimate is the data, and any rho keeps the marginal. */
const ONE_POINT: Mixture = { weights: [1], means: [[0.7, -1.1]], deviation: 0 }

const KERNELS: { name: string; kernel: Kernel; data: Mixture }[] = [
  { name: 'ODE', kernel: { kind: 'ode' }, data: TWO_MODES },
  { name: 'SDE, constant g', kernel: { kind: 'sde', diffusion: { shape: 'constant', norm: 0.8 } }, data: TWO_MODES },
  { name: 'SDE, linear g', kernel: { kind: 'sde', diffusion: { shape: 'linear', norm: 1 } }, data: TWO_MODES },
  { name: 'SDE, square g', kernel: { kind: 'sde', diffusion: { shape: 'square', norm: 1.2 } }, data: TWO_MODES },
  { name: 'ancestral Gaussian', kernel: { kind: 'gaussian', rho: 'ddpm' }, data: TWO_MODES },
  { name: 'Gaussian, rho = 0.6', kernel: { kind: 'gaussian', rho: 0.6 }, data: ONE_POINT },
  { name: 'Gaussian, rho = 0', kernel: { kind: 'gaussian', rho: 0 }, data: ONE_POINT },
]

for (const name of NAMES) {
  const p = interpolantNamed(name)
  describe(`on ${name}`, () => {
    for (const [k, { name: kernelName, kernel, data }] of KERNELS.entries()) {
      test(`${kernelName}: samples keep the exact marginal at every time looked at`, () => {
        for (const { x, t } of walkedSamples({ walked: p, kernel, data, seed: 100 + k }))
          assertMarginal(data, linear, { x, t })
      })
    }

    test('Heun with 24 steps reaches the exact marginal', () => {
      const x = exactSamples(TWO_MODES, p, { t: 0.98, seed: 9 })
      const grid = Array.from({ length: 25 }, (_, i) => 0.98 - (i * 0.88) / 24)
      const u = (state: Float64Array, t: number) => fieldOf(TWO_MODES, p, { x: state, t })
      assertMarginal(TWO_MODES, p, { x: integrate(u, x, { grid, method: 'heun' }), t: 0.1 })
    })

    test('noise put back on samples gives the marginal higher up', () => {
      const x = exactSamples(TWO_MODES, p, { t: 0.2, seed: 11 })
      const { ofState, fresh } = renoise(p, { t: 0.2, to: 0.6 })
      const noise = standardNormals({ seed: 12, lane: 0, step: 0, candidate: 0 }, x.length)
      assertMarginal(TWO_MODES, p, { x: x.map((value, i) => ofState * value + fresh * (noise[i] ?? 0)), t: 0.6 })
    })

    test('denoised estimate and score from the velocity equal the closed form', () => {
      for (const t of [0.1, 0.35, 0.6, 0.9]) {
        const x = exactSamples(TWO_MODES, p, { t, seed: 13 }).subarray(0, 40)
        for (let i = 0; i < x.length; i += 2) {
          const at = { x: x.slice(i, i + 2), t }
          const u = Float64Array.from(velocityOf(TWO_MODES, p, at))
          assertClose(applyPair(denoisedPair(p, t), at.x, u), denoisedOf(TWO_MODES, p, at))
          assertClose(applyPair(scorePair(p, t), at.x, u), scoreOf(TWO_MODES, p, at))
        }
      }
    })
  })
}

test('a marginal that is a little off is seen', () => {
  const x = exactSamples(TWO_MODES, linear, { t: 0.3, seed: 5 })
  assert.throws(() => assertMarginal(TWO_MODES, linear, { x: x.map((value) => value * 1.15), t: 0.3 }))
  assert.throws(() => assertMarginal(TWO_MODES, linear, { x, t: 0.45 }))
})

interface Samples {
  /** Pairs of coordinates. */
  readonly x: Float64Array
  readonly t: number
}

/** Walks SAMPLES points from walked time 0.98 down to 0.1 with the linear network's velocity; native samples at three times. */
function walkedSamples({
  walked,
  kernel,
  data,
  seed,
}: {
  walked: Interpolant
  kernel: Kernel
  data: Mixture
  seed: number
}): Samples[] {
  const grid = Array.from({ length: STEPS + 1 }, (_, i) => 0.98 - (i * 0.88) / STEPS)
  let x = exactSamples(data, linear, { t: nativePlace(linear, walked, 0.98).t, seed })
  const seen: Samples[] = []
  for (let i = 0; i < STEPS; i++) {
    const { t, ofState, ofVelocity, fresh } = walkStep(
      { native: linear, walked, kernel },
      grid[i] ?? 0,
      grid[i + 1] ?? 0,
    )
    const u = fieldOf(data, linear, { x, t })
    const noise = standardNormals({ seed, lane: 0, step: i, candidate: 1 }, fresh === 0 ? 0 : x.length)
    x = x.map((value, j) => ofState * value + ofVelocity * (u[j] ?? 0) + fresh * (noise[j] ?? 0))
    if ([60, 110, STEPS - 1].includes(i)) seen.push({ x, t: nativePlace(linear, walked, grid[i + 1] ?? 0).t })
  }
  return seen
}

function exactSamples(
  { weights, means, deviation }: Mixture,
  p: Interpolant,
  { t, seed }: { t: number; seed: number },
): Float64Array {
  const noise = standardNormals({ seed, lane: 7, step: 0, candidate: 0 }, 2 * SAMPLES)
  const pick = uniforms({ seed, lane: 8, step: 0, candidate: 0 }, SAMPLES)
  const spread = Math.hypot(p.alpha(t) * deviation, p.sigma(t))
  return Float64Array.from({ length: 2 * SAMPLES }, (_, i) => {
    const component = weights.length === 1 || (pick[i >> 1] ?? 0) < (weights[0] ?? 0) ? 0 : 1
    return p.alpha(t) * (means[component]?.[i & 1] ?? 0) + spread * (noise[i] ?? 0)
  })
}

/** velocityOf for many points of a mixture of one or two components, without arrays in the loop. */
function fieldOf({ weights, means, deviation }: Mixture, p: Interpolant, { x, t }: Samples): Float64Array {
  const [alpha, sigma, dAlpha, dSigma] = [p.alpha(t), p.sigma(t), p.dAlpha(t), p.dSigma(t)]
  const [[ax = 0, ay = 0] = [], [bx = 0, by = 0] = []] = means
  const variance = (alpha * deviation) ** 2 + sigma ** 2
  const gain = (alpha * deviation ** 2) / variance
  const odds = (weights[1] ?? 0) / (weights[0] ?? 1)
  const out = new Float64Array(x.length)
  for (let i = 0; i < x.length; i += 2) {
    const [px, py] = [x[i] ?? 0, x[i + 1] ?? 0]
    const a = (px - alpha * ax) ** 2 + (py - alpha * ay) ** 2
    const b = (px - alpha * bx) ** 2 + (py - alpha * by) ** 2
    const second = odds === 0 ? 0 : 1 / (1 + Math.exp((b - a) / (2 * variance)) / odds)
    const cleanX = gain * px + (1 - gain * alpha) * (ax + second * (bx - ax))
    const cleanY = gain * py + (1 - gain * alpha) * (ay + second * (by - ay))
    out[i] = dAlpha * cleanX + (dSigma * (px - alpha * cleanX)) / sigma
    out[i + 1] = dAlpha * cleanY + (dSigma * (py - alpha * cleanY)) / sigma
  }
  return out
}

/** Kolmogorov-Smirnov along two directions: along a line, the marginal is a mixture of normals. */
function assertMarginal({ weights, means, deviation }: Mixture, p: Interpolant, { x, t }: Samples): void {
  const spread = Math.hypot(p.alpha(t) * deviation, p.sigma(t))
  for (const [dx, dy] of [
    [1, 0],
    [Math.SQRT1_2, -Math.SQRT1_2],
  ] as const) {
    const sorted = Float64Array.from(
      { length: x.length / 2 },
      (_, i) => dx * (x[2 * i] ?? 0) + dy * (x[2 * i + 1] ?? 0),
    ).sort()
    const cdf = (value: number) =>
      means.reduce(
        (sum, [mx = 0, my = 0], k) =>
          sum + (weights[k] ?? 0) * normalCdf((value - p.alpha(t) * (dx * mx + dy * my)) / spread),
        0,
      )
    const distance = sorted.reduce((most, value, i) => {
      const expected = cdf(value)
      return Math.max(most, Math.abs(expected - i / sorted.length), Math.abs(expected - (i + 1) / sorted.length))
    }, 0)
    assert.ok(
      distance * Math.sqrt(sorted.length) < CRITICAL,
      `distance ${distance.toFixed(4)} at t = ${t.toFixed(3)} of ${p.name}`,
    )
  }
}

function assertClose(found: Float64Array, expected: readonly number[]): void {
  expected.forEach((value, i) => {
    assert.ok(Math.abs((found[i] ?? Number.NaN) - value) <= 1e-9 * (1 + Math.abs(value)), `${found[i]} is not ${value}`)
  })
}

/** Abramowitz and Stegun 26.2.17; absolute error below 7.5e-8, far below what the test can see. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    Math.exp((-z * z) / 2) *
    t *
    (0.127414796 + t * (-0.142248368 + t * (0.7107068705 + t * (-0.7265760135 + t * 0.5307027145))))
  return z < 0 ? tail : 1 - tail
}
