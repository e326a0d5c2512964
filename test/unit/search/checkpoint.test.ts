import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeState, encodeState } from '../../../gpu-runner/search/checkpoint.ts'

test('a state of numbers, infinities, text and float arrays comes back as it was', () => {
  const state = {
    a: [1, -Infinity, Infinity, null, true, 'x'],
    nested: { floats: Float32Array.of(1.5, -2, 3e-9), doubles: Float64Array.of(Math.PI) },
    empty: new Float32Array(0),
  }
  assert.deepEqual(decodeState(encodeState(state)), state)
})

test('an array used twice is stored once and shared again', () => {
  const base = new Float32Array(1000).fill(0.25)
  const bytes = encodeState([{ base }, { base }])
  assert.ok(bytes.length < 4300)
  const [first, second] = decodeState(bytes) as { base: Float32Array }[]
  assert.equal(first?.base, second?.base)
})

test('bytes in the middle of a larger buffer are read as well', () => {
  const bytes = encodeState({ x: Float32Array.of(7, 8) })
  const larger = new Uint8Array(bytes.length + 13)
  larger.set(bytes, 5)
  assert.deepEqual(decodeState(larger.subarray(5, 5 + bytes.length)), { x: Float32Array.of(7, 8) })
})

test('what cannot be stored is refused, and cut bytes are not read as a state', () => {
  assert.throws(() => encodeState({ when: new Date(0) }), TypeError)
  assert.throws(() => encodeState({ f: () => 1 }), TypeError)
  const bytes = encodeState({ x: new Float32Array(100) })
  assert.throws(() => decodeState(bytes.subarray(0, 20)))
  assert.throws(() => decodeState(bytes.slice(0, bytes.length - 40)))
})
