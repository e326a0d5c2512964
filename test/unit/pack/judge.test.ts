import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PackError, readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { openScore } from '../../../gpu-runner/pack/reward-graphs.ts'
import { countGraphNamed, countTarget } from '../../../gpu-runner/reward/count.ts'
import { openJudge } from '../../bench/judge.ts'
import { changedPack, graphOf, listing, packFile } from './pack-folder.ts'

test('scores images with the judge of the pack, as that graph does', async (t) => {
  // The reward graph with one more field (doc_string "x"): another file that gives the same numbers.
  const bytes = Uint8Array.from([...(await packFile('reward-count.onnx')), 0x32, 1, 0x78])
  const folder = await changedPack(t, {
    files: { 'judge-count.onnx': bytes },
    manifest: (m) => {
      Object.assign(m, { judges: { count: { ...graphOf(m), file: 'judge-count.onnx' } } })
      m.files['judge-count.onnx'] = listing(bytes)
    },
  })
  const images = [0, 1].map((k) => Float32Array.from({ length: 3 * 128 * 128 }, (_, i) => Math.sin(i * (0.01 + k))))
  const scores = await (await openJudge(folder, 1)).score(images, { cat: 2 })

  const pack = await readPack(folder)
  const graph = countGraphNamed('count', pack.manifest.rewards)
  const count = await openScore(pack, graph, { threads: 1 })
  const target = countTarget(graph, { cat: 2 })
  for (const [index, image] of images.entries())
    assert.equal(scores[index]?.reward, (await count(image, [{ target }])).rewards[0])
  assert.equal(scores.length, 2)
})

test('says so when a pack has no judge', async (t) => {
  const folder = await changedPack(t, { manifest: (m) => delete m['judges'] })
  await assert.rejects(
    openJudge(folder),
    (error: unknown) => error instanceof PackError && /has no judge/.test(error.message),
  )
})
