import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeImage } from '../../../gpu-runner/image/encode-image.ts'
import { isPixelTerm, termsOf } from '../../../gpu-runner/reward/terms.ts'

const picture = {
  data: Float32Array.from({ length: 3 * 32 * 32 }, (_, at) => Math.sin(at * 0.37)),
  width: 32,
  height: 32,
}
const flat = { ...picture, data: new Float32Array(3 * 32 * 32) }

test('compressibility is minus the kilobytes of the JPEG that a client can ask for, so a flat image has more of it', async () => {
  const [term] = termsOf({ name: 'compressibility' })
  assert.ok(term !== undefined && isPixelTerm(term))
  const [busy = 0, calm = 0] = await term.score([picture, flat])
  assert.equal(busy, -(await encodeImage(picture, 'jpeg')).byteLength / 1000)
  assert.ok(calm > busy)
})

test('a composite is a term for each part, with its weight; others are one term of weight 1', () => {
  const parts = [
    { reward: { name: 'count', counts: { bear: 2 } }, weight: 2 },
    { reward: { name: 'colorfulness' }, weight: -0.5 },
  ]
  const terms = termsOf({ name: 'composite', parts })
  assert.deepEqual(
    terms.map(({ name, weight }) => [name, weight]),
    [
      ['count', 2],
      ['colorfulness', -0.5],
    ],
  )
  assert.deepEqual(terms.map(isPixelTerm), [false, true])
  assert.deepEqual(termsOf({ name: 'vqa' }), [{ name: 'vqa', weight: 1 }])
})

test('a scoring server is nobody to ask where no way to it was given', () => {
  const server = { name: 'http', url: 'https://example.com', timeout_seconds: 1 } as const
  assert.throws(() => termsOf(server), RangeError)
})
