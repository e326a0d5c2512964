import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guide } from '../../../gpu-runner/pack/guidance.ts'

test('guidance goes from the prediction without the prompt through that with it', () => {
  assert.deepEqual([...guide(Float32Array.of(3, 5, 1, 1), 2)], [5, 9])
  assert.deepEqual([...guide(Float32Array.of(3, 5, 1, 1), 1)], [3, 5])
  assert.deepEqual([...guide(Float32Array.of(3, 5, 1, 1), 0)], [1, 1])
})
