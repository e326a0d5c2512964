import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pixelsOf } from '../../../gpu-runner/image/png.ts'
import { smallPicture } from '../../../gpu-runner/image/small-picture.ts'

const image = (width: number, height: number, value: (x: number, y: number, channel: number) => number) => ({
  width,
  height,
  data: Float32Array.from({ length: 3 * width * height }, (_, at) =>
    value(at % width, Math.floor(at / width) % height, Math.floor(at / width / height)),
  ),
})

test('an image that is small enough is itself', () => {
  const small = image(5, 3, (x, y, channel) => Math.sin(x + 3 * y + 7 * channel))
  assert.deepEqual(smallPicture(small, 5).pixels, pixelsOf(small))
})

test('a larger one keeps its shape, and each pixel is the mean of its cell', () => {
  const large = image(12, 6, (x, y, channel) => (x < 6 ? -1 : 1) * (y < 3 ? 1 : 0.5) * (channel === 1 ? 0 : 1))
  const { pixels, width, height } = smallPicture(large, 4)
  assert.deepEqual([width, height], [4, 2])
  assert.deepEqual([...pixels.slice(0, 3)], [0, 128, 0])
  assert.deepEqual([...pixels.slice(9, 12)], [255, 128, 255])
  assert.deepEqual([...pixels.slice(12, 15)], [64, 128, 64])
})

test('sizes that do not divide leave no cell without a point', () => {
  const { pixels, width, height } = smallPicture(
    image(101, 67, () => 0.5),
    32,
  )
  assert.deepEqual([width, height], [32, 21])
  assert.ok(pixels.every((value) => value === 191))
})
