/** The flow library against numbers of the published schedulers, in float64. */
import { nativePlace, walkedVelocityPair } from '../../gpu-runner/flow/change-of-interpolant.ts'
import { combine, scaled } from '../../gpu-runner/flow/floats.ts'
import { type Interpolant, interpolantNamed, linear } from '../../gpu-runner/flow/interpolant.ts'
import { euler } from '../../gpu-runner/flow/kernel.ts'
import { applyPair, denoisedPair, noisePair, scorePair } from '../../gpu-runner/flow/prediction.ts'

interface Coefficients {
  t: number
  alpha: number
  sigma: number
  d_alpha: number
  d_sigma: number
  snr_inverse: number
}

interface Step {
  interpolant: string
  r: number
  seed: number
  dt: number
  g: number
  t: number
  scale: number
  x: number[]
  noise: number[]
  velocity: number[]
  denoised: number[]
  score: number[]
  next: number[]
}

export interface FlowFixture {
  coefficients: Record<string, Coefficients[]>
  steps: Step[]
}

export interface FlowComparison {
  readonly checked: number
  /** Largest |found - expected| / |expected|; NaN counts as infinite. */
  readonly worst: number
  readonly where: string
}

/** Compares every number of the fixture. Throws RangeError on an interpolant the library does not know. */
export function compareFlow(fixture: FlowFixture): FlowComparison {
  const errors = [
    ...Object.entries(fixture.coefficients).flatMap(([name, rows]) =>
      rows.flatMap((row) => coefficientErrors(name, row)),
    ),
    ...fixture.steps.flatMap(stepErrors),
  ]
  const worst = errors.reduce((a, b) => (b.error > a.error ? b : a), { error: 0, where: 'nowhere' })
  return { checked: errors.length, worst: worst.error, where: worst.where }
}

interface FoundError {
  readonly error: number
  readonly where: string
}

function relativeError(found: number, expected: number): number {
  const error = Math.abs(found - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE)
  return found === expected ? 0 : Number.isNaN(error) ? Infinity : error
}

function coefficientErrors(name: string, row: Coefficients): FoundError[] {
  const p = interpolantNamed(name)
  const found = {
    alpha: p.alpha(row.t),
    sigma: p.sigma(row.t),
    d_alpha: p.dAlpha(row.t),
    d_sigma: p.dSigma(row.t),
    snr_inverse: p.snrInverse(p.alpha(row.t) / p.sigma(row.t)),
  }
  return Object.entries(found).map(([key, value]) => ({
    error: relativeError(value, row[key as keyof typeof found]),
    where: `${name} ${key}(${row.t})`,
  }))
}

function stepErrors(step: Step): FoundError[] {
  const walked = interpolantNamed(step.interpolant)
  return Object.entries(stepOf(walked, step)).flatMap(([key, found]) => {
    const expected = [step[key as keyof ReturnType<typeof stepOf>]].flat()
    return expected.map((value, i) => ({
      error: relativeError(found[i] ?? Number.NaN, value),
      where: `${step.interpolant} step r=${step.r} seed=${step.seed} ${key}[${i}]`,
    }))
  })
}

function stepOf(walked: Interpolant, step: Step) {
  const { r, seed, dt, g } = step
  const x = Float64Array.from(step.x)
  const { t, scale } = nativePlace(linear, walked, r)
  const native = scaled(1 / scale, x).map((value) => fixtureField(value, t, seed))
  const velocity = applyPair(walkedVelocityPair(linear, walked, r), x, native)
  const denoised = applyPair(denoisedPair(walked, r), x, velocity)
  const noise = applyPair(noisePair(walked, r), x, velocity)
  const weights = euler(walked, { r, s: r - dt, g })
  const mean = combine(weights.denoised, denoised, { b: weights.noise, y: noise })
  return {
    t: [t],
    scale: [scale],
    velocity,
    denoised,
    score: applyPair(scorePair(walked, r), x, velocity),
    next: combine(1, mean, { b: weights.fresh, y: Float64Array.from(step.noise) }),
  }
}

/** The velocity field that the fixture's numbers were made with. */
function fixtureField(x: number, t: number, seed: number): number {
  return Math.tanh(1.3 * x + 0.7 * seed) * (1.1 - t) + 0.4 * x * t - 0.25 * Math.sin(3 * x + 2 * t)
}
