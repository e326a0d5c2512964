import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { uniforms } from '../../../gpu-runner/flow/noise.ts'
import { effectiveSize, normalized, RESAMPLE } from '../../../gpu-runner/search/resample.ts'

const logWeights = fc.array(fc.double({ min: -8, max: 0, noNaN: true }), { minLength: 1, maxLength: 20 })

for (const [name, resample] of Object.entries(RESAMPLE)) {
  const countsOf = (weights: number[], seed: number) => {
    const parents = resample(weights, uniforms({ seed, lane: 0, step: 0, candidate: 0 }, weights.length + 1))
    return { parents, counts: weights.map((_, i) => parents.filter((parent) => parent === i).length) }
  }

  test(`${name} resampling gives as many parents as particles, in order`, () => {
    fc.assert(
      fc.property(logWeights, fc.nat(), (logs, seed) => {
        const { parents } = countsOf(normalized(logs), seed)
        assert.equal(parents.length, logs.length)
        assert.deepEqual(
          [...parents].sort((a, b) => a - b),
          parents,
        )
        assert.ok(parents.every((parent) => parent >= 0 && parent < logs.length))
      }),
      { seed: 3 },
    )
  })

  test(`${name} resampling is unbiased: each particle's mean count is n times its weight (4.5 standard errors)`, () => {
    const weights = normalized([0, -0.4, -1.1, -2, -3, -0.2])
    const draws = 4000
    const sums = weights.map(() => 0)
    for (let seed = 0; seed < draws; seed++) {
      for (const [i, count] of countsOf(weights, seed).counts.entries()) sums[i] = (sums[i] ?? 0) + count
    }
    weights.forEach((weight, i) => {
      const expected = weights.length * weight
      assert.ok(Math.abs((sums[i] ?? 0) / draws - expected) < 4.5 * Math.sqrt(Math.max(expected, 0.25) / draws))
    })
  })
}

test('systematic and SSP counts lie within one of what is expected', () => {
  fc.assert(
    fc.property(logWeights, fc.nat(), (logs, seed) => {
      const weights = normalized(logs)
      for (const name of ['systematic', 'ssp'] as const) {
        const parents = RESAMPLE[name](weights, uniforms({ seed, lane: 0, step: 0, candidate: 0 }, weights.length + 1))
        weights.forEach((weight, i) => {
          const count = parents.filter((parent) => parent === i).length
          assert.ok(Math.abs(count - weight * weights.length) < 1 + 1e-9)
        })
      }
    }),
    { seed: 4 },
  )
})

test('weights far apart do not overflow, and the effective size runs from 1 to n', () => {
  assert.deepEqual(normalized([5000, 5000]), [0.5, 0.5])
  assert.deepEqual(normalized([0, -1e6]), [1, 0])
  assert.equal(effectiveSize([1, 0, 0]), 1)
  assert.equal(effectiveSize([0.25, 0.25, 0.25, 0.25]), 4)
})
