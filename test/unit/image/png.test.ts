import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from 'fast-png'
import { encodePng } from '../../../gpu-runner/image/png.ts'

const pixel = (r: number, g: number, b: number) => encodePng({ data: Float32Array.of(r, g, b), width: 1, height: 1 })

test('reads back as the pixels of the tensor, row by row', () => {
  const data = Float32Array.from({ length: 3 * 2 * 3 }, (_, i) => (i / 17) * 2 - 1)
  const png = decode(encodePng({ data, width: 3, height: 2 }), { checkCrc: true })
  assert.deepEqual([png.width, png.height, png.channels, png.depth], [3, 2, 3, 8])
  const byte = (i: number) => Math.round(i * 15)
  const rows = Array.from({ length: 6 }, (_, at) => [byte(at), byte(6 + at), byte(12 + at)])
  assert.deepEqual([...png.data], rows.flat())
})

test('maps -1 to black and 1 to white, and clamps what lies outside', () => {
  assert.deepEqual([...decode(pixel(-1, 0, 1)).data], [0, 128, 255])
  assert.deepEqual([...decode(pixel(-3, 1.01, 9)).data], [0, 255, 255])
})

test('gives the same bytes for the same tensor', () => {
  assert.deepEqual(pixel(0.1, 0.2, 0.3), pixel(0.1, 0.2, 0.3))
})

test('refuses a tensor of another size', () => {
  assert.throws(() => encodePng({ data: new Float32Array(12), width: 2, height: 3 }), /has 18 numbers, got 12/)
})
