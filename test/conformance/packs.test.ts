/**
 * Packs of pipelines of every family, made by the exporter from random weights: our runner's ODE gives the pipeline's image.
 * `python -m lab.exporters.fixtures ../test/fixtures/packs` makes them anew (gpu-runner/lab/exporters).
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { latentSizeOf, openWalk, readCase, readFloats } from '../../gpu-runner/manage-packs/walk.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/packs', import.meta.url))
/** Largest difference of a pixel in [-1, 1]: float32 packs, and those that say otherwise in their name. */
const TOLERANCE = 1e-3
const COARSER: Readonly<Record<string, number>> = { bfloat16: 0.002, float16: 0.005, int8: 0.002, int4: 0.02 }

const toleranceOf = (name: string): number =>
  Object.entries(COARSER).find(([precision]) => name.endsWith(precision))?.[1] ?? TOLERANCE

for (const name of await readdir(FIXTURES))
  for (const one of ['guided', 'plain']) {
    const path = join(FIXTURES, name, one)
    if (!existsSync(`${path}.json`)) continue
    test(`${name}, ${one}: the pipeline's images, three at once and each alone`, async (t) => {
      const { manifest, walk } = await openWalk(join(FIXTURES, name, 'pack'), { threads: 1, guided: one === 'guided' })
      const given = await readCase(path, latentSizeOf(manifest))
      const wanted = await readFloats(`${path}.images`)
      const together = await walk(given)
      const alone = []
      for (const [index, prompt] of given.prompts.entries())
        alone.push(...(await walk({ ...given, prompts: [prompt], latents: given.latents.slice(index, index + 1) })))
      const [batched, single] = [differenceOf(together, wanted), differenceOf(Float32Array.from(alone), wanted)]
      t.diagnostic(`largest difference: batch of 3 ${batched.toExponential(1)}, batch of 1 ${single.toExponential(1)}`)
      assert.ok(Math.max(batched, single) < toleranceOf(name), `${batched} and ${single}`)
      // What the prompt says reaches the image: others are much further away than the same ones.
      const others = differenceOf(await walk({ ...given, prompts: given.prompts.toReversed() }), wanted)
      // In half precision rounding is as large as what a prompt says to a network this small.
      if (toleranceOf(name) === TOLERANCE) assert.ok(others > 10 * Math.max(batched, single), `${others}`)
    })
  }

/** Pipelines clamp their images. */
const differenceOf = (found: Float32Array, wanted: Float32Array): number => {
  assert.equal(found.length, wanted.length)
  return wanted.reduce((most, value, index) => {
    const pixel = Math.min(1, Math.max(-1, found[index] ?? Number.NaN))
    return Math.max(most, Math.abs(pixel - value))
  }, 0)
}
