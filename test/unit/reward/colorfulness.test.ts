import assert from 'node:assert/strict'
import { test } from 'node:test'
import { colorfulness } from '../../../gpu-runner/reward/colorfulness.ts'

type Pixel = readonly [number, number, number]
const image = (...pixels: Pixel[]) => Uint8ClampedArray.from(pixels.flat())
const close = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found}`)

test('is 0 for every grey image', () => {
  assert.equal(colorfulness(image([0, 0, 0], [255, 255, 255], [128, 128, 128])), 0)
})

test('is 0.3 times the distance from grey in one colour: rg = 255, yb = 127.5', () => {
  close(colorfulness(image([255, 0, 0], [255, 0, 0])), 0.3 * Math.hypot(255, 127.5))
})

test('of two opposite colours is their spread alone: rg = +-255 and yb = +-127.5 have mean 0', () => {
  close(colorfulness(image([255, 0, 0], [0, 255, 255])), Math.hypot(255, (127.5 + 127.5) / 2))
})

test('of red and blue in equal parts is sqrt(127.5^2 + 191.25^2) + 0.3 sqrt(127.5^2 + 63.75^2)', () => {
  close(colorfulness(image([255, 0, 0], [0, 0, 255])), Math.hypot(127.5, 191.25) + 0.3 * Math.hypot(127.5, 63.75))
})

test('does not depend on the order of the pixels', () => {
  const pixels: Pixel[] = [
    [12, 200, 7],
    [90, 3, 250],
    [255, 255, 0],
  ]
  assert.equal(colorfulness(image(...pixels)), colorfulness(image(...pixels.toReversed())))
})
