import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nativePlace, walkedVelocityPair } from '../../../gpu-runner/flow/change-of-interpolant.ts'
import { combine } from '../../../gpu-runner/flow/floats.ts'
import { interpolantNamed, linear, vp } from '../../../gpu-runner/flow/interpolant.ts'
import { applyPair, PREDICTION_OF, VELOCITY_OF } from '../../../gpu-runner/flow/prediction.ts'

const DISCRETE = 'scaled_linear_0.00085_0.012'
const NAMES = ['linear', 'vp', DISCRETE, 'vp_0.5_12', 'cosine', 'linear_vp', 'polynomial_convex_3', 'general_convex_2']
const names = fc.constantFrom(...NAMES)
/** Without bends: rounding cannot bring a time to the other side of one. */
const smooth = fc.constantFrom(...NAMES.filter((name) => name !== DISCRETE))
const times = fc.double({ min: 0.02, max: 0.98, noNaN: true })

test('derivatives are those of alpha and sigma', () => {
  fc.assert(
    fc.property(names, times, (name, t) => {
      const p = interpolantNamed(name)
      const h = 1e-6
      // The discrete schedule has a bend at every thousandth.
      fc.pre(name !== DISCRETE || Math.abs(t * 1000 - Math.round(t * 1000)) > 0.01)
      assertClose(p.dAlpha(t), (p.alpha(t + h) - p.alpha(t - h)) / (2 * h), 1e-6)
      assertClose(p.dSigma(t), (p.sigma(t + h) - p.sigma(t - h)) / (2 * h), 1e-6)
    }),
  )
})

test('every interpolant runs from data to noise with falling signal-to-noise ratio, and snrInverse inverts it', () => {
  fc.assert(
    fc.property(names, times, times, (name, a, b) => {
      const p = interpolantNamed(name)
      assertClose(p.snrInverse(p.alpha(a) / p.sigma(a)), a, 1e-9)
      // Times that are a rounding apart may have one ratio.
      if (b - a > 1e-9) assert.ok(p.alpha(a) / p.sigma(a) > p.alpha(b) / p.sigma(b))
      assert.equal(p.alpha(0), 1)
      assert.equal(Math.abs(p.sigma(0)), 0)
      assert.equal(p.snrInverse(Infinity), 0)
      assert.equal(p.snrInverse(0), 1)
    }),
  )
})

test('going to another interpolant and back is where one started, state and velocity', () => {
  fc.assert(
    fc.property(smooth, smooth, fc.double({ min: 0.15, max: 0.9, noNaN: true }), (from, to, r) => {
      const [a, b] = [interpolantNamed(from), interpolantNamed(to)]
      const there = nativePlace(a, b, r)
      // vp ends at a ratio above 0: what lies beyond is clamped.
      fc.pre(there.t < 0.999)
      const back = nativePlace(b, a, there.t)
      assertClose(back.t, r, 1e-7)
      assertClose(back.scale * there.scale, 1, 1e-7)
      const [x, u] = [Float64Array.of(0.7, -1.2), Float64Array.of(0.3, 2)]
      const walked = applyPair(walkedVelocityPair(a, b, r), x, u)
      const native = applyPair(walkedVelocityPair(b, a, there.t), combine(1 / there.scale, x, { b: 0, y: x }), walked)
      native.forEach((value, i) => {
        assertClose(value, u[i] ?? 0, 1e-6)
      })
    }),
  )
})

test('a velocity turned into another prediction and back is itself', () => {
  const predictions = fc.constantFrom('velocity', 'epsilon', 'denoised')
  fc.assert(
    fc.property(names, times, predictions, (name, t, prediction) => {
      const p = interpolantNamed(name)
      const [x, u] = [Float64Array.of(0.4, -2), Float64Array.of(1.5, 0.1)]
      const said = applyPair(PREDICTION_OF[prediction](p, t), x, u)
      applyPair(VELOCITY_OF[prediction](p, t), x, said).forEach((value, i) => {
        assertClose(value, u[i] ?? 0, 1e-9)
      })
    }),
  )
})

test('the discrete schedule has the products of Stable Diffusion at its steps', () => {
  // 1 - alphas_cumprod of diffusers' DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear") in float64.
  const p = interpolantNamed(DISCRETE)
  for (const [k, cumprod] of [
    [0, 0.99915],
    [499, 0.277669650456],
    [999, 0.004660098513],
  ] as const)
    assertClose(p.alpha((k + 1) / 1000) ** 2, cumprod, 1e-11)
})

test('a name says all about an interpolant, and no other name is taken', () => {
  for (const name of NAMES) assert.equal(interpolantNamed(name).name, name)
  assert.equal(interpolantNamed('linear'), linear)
  for (const wrong of [
    '',
    'Linear',
    'vp_0.1_20',
    'vp_2',
    'polynomial_convex',
    'general_convex_0',
    '__proto__',
    'linear_3',
  ]) {
    assert.throws(() => interpolantNamed(wrong), RangeError, wrong)
  }
  assert.throws(() => vp(3, 2), RangeError)
})

function assertClose(found: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)), `${found} is not ${expected}`)
}
