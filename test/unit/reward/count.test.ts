import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countTarget, readFound } from '../../../gpu-runner/reward/count.ts'
import type { CountGraph } from '../../../shared/contract/pack.ts'

const graph: CountGraph = {
  file: 'count.onnx',
  takes: 'counts',
  classes: ['balloon', 'bear', 'swan', 'red cube'],
  plurals: {},
  missing: -1,
}
const see = (soft: number[], asked: Record<string, number>) =>
  readFound(graph, { soft: Float32Array.from(soft), asked })

test('puts each count at its class and the missing value everywhere else', () => {
  assert.deepEqual(countTarget(graph, { swan: 4, 'red cube': 0 }), Float32Array.of(-1, -1, 4, 0))
})

test('refuses a class the pack does not count, a count that is none, and no class at all', () => {
  assert.throws(() => countTarget(graph, { unicorn: 1 }), /does not count "unicorn"/)
  assert.throws(() => countTarget(graph, { constructor: 1 }), RangeError)
  for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => countTarget(graph, { bear: count }), /whole number/)
  assert.throws(() => countTarget(graph, {}), /at least one class/)
})

test('rounds soft counts, and names only what is there', () => {
  assert.deepEqual(see([6.6, 0.49, 0, 2.2], { balloon: 7 }).found, { balloon: 7, 'red cube': 2 })
})

test('is exact when every asked class has its count and no other class is there', () => {
  assert.equal(see([6.8, 0.3, 0, 0], { balloon: 7 }).exact, true)
  assert.equal(see([6.8, 0, 0, 0], { balloon: 7, swan: 0 }).exact, true)
})

test('is not exact for one too few, one too many, or one of something else', () => {
  assert.equal(see([6.2, 0, 0, 0], { balloon: 7 }).exact, false)
  assert.equal(see([7.6, 0, 0, 0], { balloon: 7 }).exact, false)
  assert.equal(see([7, 0.6, 0, 0], { balloon: 7 }).exact, false)
  assert.equal(see([7, 0, 0, 0], { balloon: 7, bear: 1 }).exact, false)
})
