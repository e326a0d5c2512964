import assert from 'node:assert/strict'
import { test } from 'node:test'
import { perturbed, standardNormals, uniforms } from '../../../gpu-runner/flow/noise.ts'
import { normalQuantile } from '../../../gpu-runner/flow/normal.ts'
import { philoxFill } from '../../../gpu-runner/flow/philox.ts'

const PLACE = { seed: 5, lane: 1, step: 2, candidate: 3 }

test('Philox4x32-10 gives the known answers of its authors', () => {
  const answers: [number[], number[], string][] = [
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[-1, -1, -1, -1], [-1, -1], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ]
  for (const [[block = 0, ...counter], key, expected] of answers) {
    const out = new Int32Array(8)
    philoxFill(out, { key: key as [number, number], counter: counter as [number, number, number] }, block)
    assert.equal(hex(out.slice(0, 4)), expected)
    // The second block of a pair equals the first block of the next counter.
    const next = new Int32Array(8)
    philoxFill(next, { key: key as [number, number], counter: counter as [number, number, number] }, block + 1)
    assert.deepEqual(out.slice(4), next.slice(0, 4))
  }
})

test('normals pass Kolmogorov-Smirnov against the exact distribution (false alarm 1 in 10,000)', () => {
  const n = 400_000
  const sorted = standardNormals(PLACE, n).sort()
  let distance = 0
  sorted.forEach((z, i) => {
    const p = normalCdf(z)
    distance = Math.max(distance, Math.abs(p - i / n), Math.abs(p - (i + 1) / n))
  })
  assert.ok(distance * Math.sqrt(n) < 2.226, `scaled distance ${distance * Math.sqrt(n)}`)
})

test('the tails beyond 3.5 deviations are continuous and as heavy as they should be', () => {
  const n = 2_000_000
  const far = standardNormals(PLACE, n).filter((z) => Math.abs(z) > 3.5)
  const expected = 2 * n * normalCdf(-3.5)
  assert.ok(Math.abs(far.length - expected) < 4 * Math.sqrt(expected))
  assert.ok(new Set(far).size > far.length * 0.99)
})

test('the quantile function inverts the distribution function', () => {
  for (const p of [1e-9, 1e-5, 0.001, 0.02425, 0.1, 0.3, 0.5, 0.77, 0.99, 1 - 1e-6]) {
    assert.ok(Math.abs(normalCdf(normalQuantile(p)) / p - 1) < 2e-7, `p = ${p}`)
  }
})

test('a draw depends on every coordinate and on nothing else', () => {
  const same = standardNormals(PLACE, 9001)
  assert.deepEqual(standardNormals(PLACE, 9001), same)
  assert.deepEqual(standardNormals(PLACE, 4097), same.slice(0, 4097))
  for (const other of [{ seed: 6 }, { lane: 2 }, { step: 3 }, { candidate: 4 }]) {
    assert.notDeepEqual(standardNormals({ ...PLACE, ...other }, 16), same.slice(0, 16))
  }
})

test('a perturbed latent is its base plus the noise of its place, and the base itself when fresh is 0', () => {
  const base = Float32Array.from({ length: 33 }, (_, i) => i / 7)
  const noise = standardNormals(PLACE, 33)
  const found = perturbed(base, 0.5, PLACE)
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - ((base[i] ?? 0) + 0.5 * (noise[i] ?? 0))) < 1e-6)
  })
  assert.equal(perturbed(base, 0, PLACE), base)
})

test('uniforms are inside (0, 1), even, and apart from the normals of their place', () => {
  const drawn = uniforms(PLACE, 100_000)
  const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length
  assert.ok(drawn.every((u) => u > 0 && u < 1))
  assert.ok(Math.abs(mean - 0.5) < 4 / Math.sqrt(12 * drawn.length))
})

/** Standard normal distribution function: series near 0, continued fraction in the tails; absolute error below 1e-13. */
function normalCdf(z: number): number {
  const x = Math.abs(z)
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  let tail: number
  if (x < 2.5) {
    let [term, sum] = [x, x]
    for (let k = 1; k < 60; k++) {
      term *= (x * x) / (2 * k + 1)
      sum += term
    }
    tail = 0.5 - density * sum
  } else {
    let fraction = x
    for (let k = 60; k >= 1; k--) fraction = x + k / fraction
    tail = density / fraction
  }
  return z < 0 ? tail : 1 - tail
}

function hex(words: Int32Array): string {
  return Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ')
}
