/** Where counted things stand: the peaks of the heatmaps, in shares of the image; on the pack that ships they are as many as counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { openScore } from '../../../gpu-runner/pack/reward-graphs.ts'
import { countGraphNamed, countTarget } from '../../../gpu-runner/reward/count.ts'
import { readPlaces } from '../../../gpu-runner/reward/places.ts'
import { EMOJI_WORLD } from '../pack/pack-folder.ts'

const GRAPH = {
  file: 'none.onnx',
  takes: 'counts' as const,
  classes: ['bear', 'swan'],
  plurals: {},
  missing: -1,
}

test('a place is the centre of its cell, with its class, and what is less sure than not is none', () => {
  const data = new Float32Array(2 * 4 * 8)
  data[0] = 0.9
  data[1] = 0.49
  data[4 * 8 + 3 * 8 + 7] = 0.75
  assert.deepEqual(readPlaces(GRAPH, { shape: [2, 4, 8], data }), [
    { name: 'bear', x: 0.0625, y: 0.125, probability: 0.9 },
    { name: 'swan', x: 0.9375, y: 0.875, probability: 0.75 },
  ])
})

test('on the pack that ships the peaks add up to the soft counts', async () => {
  const pack = await readPack(EMOJI_WORLD)
  const graph = countGraphNamed('count', pack.manifest.rewards)
  const score = await openScore(pack, graph, { threads: 1 })
  const [height, width] = pack.manifest.resolution
  const image = Float32Array.from({ length: 3 * height * width }, (_, at) => Math.sin(at / 7) * Math.cos(at / 1900))
  const { counts, peaks } = await score(image, [{ target: countTarget(graph, { bear: 2 }) }])
  assert.ok(counts && peaks)
  const [classes = 0, rows = 0, columns = 0] = peaks.shape
  assert.equal(classes, graph.classes.length)
  for (const [at, count] of counts.entries()) {
    const sum = peaks.data.subarray(at * rows * columns, (at + 1) * rows * columns).reduce((a, b) => a + b, 0)
    assert.ok(Math.abs(sum - count) < 1e-4, graph.classes[at])
  }
})
