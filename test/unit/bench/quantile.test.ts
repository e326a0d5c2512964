import assert from 'node:assert/strict'
import { test } from 'node:test'
import { medianOf, quantileOf } from '../../bench/quantile.ts'

test('a quantile is the least value that the share does not exceed', () => {
  const values = [30, 10, 20, 40]
  assert.deepEqual(
    [0, 0.25, 0.26, 0.5, 0.95, 1].map((share) => quantileOf(values, share)),
    [10, 10, 20, 20, 40, 40],
  )
  assert.equal(medianOf([3, 1, 2]), 2)
  assert.equal(medianOf([]), Number.NaN)
})
