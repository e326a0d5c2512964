/**
 * Rewards of every family, made by the exporter from random weights: our runner says what the Python original says of the same
 * images, with its own preprocessing and tokenizer. `python -m lab.exporters.rewards.fixtures ../test/fixtures/rewards` makes them
 * anew (gpu-runner/lab/exporters/rewards).
 */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readScoreCase, scoreCase } from '../../gpu-runner/manage-packs/score.ts'
import { readFloats } from '../../gpu-runner/manage-packs/walk.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/rewards', import.meta.url))
const PACK = join(FIXTURES, 'pack')
const TOLERANCE = 1e-3

for (const name of (await readdir(FIXTURES)).filter((file) => file.endsWith('.rewards')))
  test(`${name.replace('.rewards', '')}: what the original says, three at once and each alone`, async (t) => {
    const path = join(FIXTURES, name.replace('.rewards', ''))
    const given = await readScoreCase(path)
    const wanted = await readFloats(`${path}.rewards`)
    const together = await scoreCase(PACK, given, { threads: 1 })
    const size = given.images.length / given.asks.length
    const alone = []
    for (const [index, ask] of given.asks.entries()) {
      const images = given.images.slice(index * size, (index + 1) * size)
      alone.push(...(await scoreCase(PACK, { ...given, asks: [ask], images }, { threads: 1 })))
    }
    const difference = Math.max(differenceOf(together, wanted), differenceOf(Float32Array.from(alone), wanted))
    t.diagnostic(
      `largest difference ${difference.toExponential(1)} of ${[...wanted].map((one) => one.toPrecision(4)).join(', ')}`,
    )
    assert.ok(difference < TOLERANCE, `${difference}`)
    // What it looks at reaches the number: the images in another order have others.
    const turned = Float32Array.from([...given.images.slice(size), ...given.images.slice(0, size)])
    const others = differenceOf(await scoreCase(PACK, { ...given, images: turned }, { threads: 1 }), wanted)
    // Shares of three classes are often the same.
    if (!name.startsWith('owlv2-accuracy')) assert.ok(others > 10 * difference && others > 0, `${others}`)
  })

const differenceOf = (found: Float32Array, wanted: Float32Array): number => {
  assert.equal(found.length, wanted.length)
  return wanted.reduce((most, value, index) => Math.max(most, Math.abs(value - (found[index] ?? Number.NaN))), 0)
}
