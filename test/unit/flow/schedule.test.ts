import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { interpolantNamed, linear } from '../../../gpu-runner/flow/interpolant.ts'
import { type Kernel, transition } from '../../../gpu-runner/flow/kernel.ts'
import { type Schedule, sameSnr, timeGrid } from '../../../gpu-runner/flow/schedule.ts'

const SCHEDULES: Schedule[] = [
  { kind: 'uniform' },
  { kind: 'exp' },
  { kind: 'shift', shift: 3 },
  { kind: 'log_snr', snrFirst: 0.02, snrLast: 50 },
]

test('every grid has one time more than steps and falls strictly from 1 to 0', () => {
  const interpolants = fc.constantFrom('linear', 'vp', 'cosine', 'linear_vp')
  fc.assert(
    fc.property(fc.constantFrom(...SCHEDULES), fc.integer({ min: 1, max: 80 }), interpolants, (schedule, n, name) => {
      const grid = timeGrid(schedule, n, interpolantNamed(name))
      assert.equal(grid.length, n + 1)
      assert.equal(grid[0], 1)
      assert.equal(grid[n], 0)
      assert.ok(grid.every((t, i) => i === 0 || t < (grid[i - 1] ?? 0)))
    }),
  )
})

test("the paper's ten steps and a shift of 3 are the published numbers", () => {
  const exp = timeGrid({ kind: 'exp' }, 10, linear)
  assert.ok(Math.abs((exp[9] ?? 0) - Math.sqrt(1 - 0.81)) < 1e-12)
  assert.ok(Math.abs((exp[5] ?? 0) - Math.sqrt(0.75)) < 1e-12)
  // sigma = 3 v / (1 + 2 v) at v = 1/2
  assert.ok(Math.abs((timeGrid({ kind: 'shift', shift: 3 }, 2, linear)[1] ?? 0) - 0.75) < 1e-12)
})

test('log-SNR steps are equal in log-SNR, ends excepted', () => {
  const cosine = interpolantNamed('cosine')
  const grid = timeGrid({ kind: 'log_snr', snrFirst: 0.02, snrLast: 50 }, 12, cosine).slice(1, -1)
  const logs = grid.map((t) => Math.log(cosine.alpha(t) / cosine.sigma(t)))
  const gaps = logs.slice(1).map((log, i) => log - (logs[i] ?? 0))
  assert.ok(gaps.every((gap) => Math.abs(gap - (gaps[0] ?? 0)) < 1e-9))
  assert.ok(Math.abs((logs[0] ?? 0) - Math.log(0.02)) < 1e-9)
})

test('times of equal signal-to-noise ratio carry a grid to another interpolant', () => {
  const vp = interpolantNamed('vp')
  const grid = timeGrid({ kind: 'uniform' }, 8, linear)
  sameSnr(grid, linear, vp).forEach((r, i) => {
    const t = grid[i] ?? 0
    if (i > 0 && i < 8) assert.ok(Math.abs(vp.alpha(r) / vp.sigma(r) / (linear.alpha(t) / linear.sigma(t)) - 1) < 1e-9)
  })
})

test('no steps, a shift of 0 and a log-SNR range the wrong way round are refused', () => {
  assert.throws(() => timeGrid({ kind: 'uniform' }, 0, linear), RangeError)
  assert.throws(() => timeGrid({ kind: 'uniform' }, 1.5, linear), RangeError)
  assert.throws(() => timeGrid({ kind: 'shift', shift: 0 }, 4, linear), RangeError)
  assert.throws(() => timeGrid({ kind: 'log_snr', snrFirst: 2, snrLast: 1 }, 4, linear), RangeError)
})

test('rho = 1 and g = 0 draw no noise; rho outside [0, 1] is refused', () => {
  const at = { r: 0.6, s: 0.5 }
  assert.equal(transition({ kind: 'gaussian', rho: 1 }, linear, at).fresh, 0)
  assert.equal(transition({ kind: 'sde', diffusion: { shape: 'linear', norm: 0 } }, linear, at).fresh, 0)
  for (const rho of [-0.1, 1.1, Number.NaN]) {
    const kernel: Kernel = { kind: 'gaussian', rho }
    assert.throws(() => transition(kernel, linear, at), RangeError)
  }
})
