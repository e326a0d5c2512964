import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standardNormals } from '../../../gpu-runner/flow/noise.ts'
import { bootstrap, pairedDifferences } from '../../bench/search-statistics.ts'

test('the bootstrap interval of normal values is close to mean plus or minus 1.96 standard errors', () => {
  const values = Array.from(standardNormals({ seed: 1, lane: 0, step: 0, candidate: 0 }, 400), (z) => 5 + 2 * z)
  const { mean, low, high } = bootstrap(values, 4000)
  const error = 2 / Math.sqrt(400)
  assert.ok(Math.abs(mean - 5) < 4 * error)
  assert.ok(Math.abs(high - mean - 1.96 * error) < 0.15 * 1.96 * error)
  assert.ok(Math.abs(mean - low - 1.96 * error) < 0.15 * 1.96 * error)
})

test('differences are paired by prompt, seeds averaged first, lonely prompts left out', () => {
  const a = [
    { promptIndex: 0, value: 1 },
    { promptIndex: 0, value: 3 },
    { promptIndex: 1, value: 5 },
    { promptIndex: 7, value: 9 },
  ]
  const b = [
    { promptIndex: 1, value: 1 },
    { promptIndex: 0, value: -1 },
  ]
  assert.deepEqual(pairedDifferences(a, b), [3, 4])
})
