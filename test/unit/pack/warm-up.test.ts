import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGraphs } from '../../../gpu-runner/pack/graphs.ts'
import { openTokenizers } from '../../../gpu-runner/pack/open-tokenizers.ts'
import { PackError, readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { warmUp } from '../../../gpu-runner/pack/warm-up.ts'
import { EMOJI_WORLD } from './pack-folder.ts'

test('a pack is refused at boot when one of its rewards says no number, and the reward is named', async () => {
  const pack = await readPack(EMOJI_WORLD)
  const graphs = await openGraphs(pack, { threads: 1 })
  const on = { manifest: pack.manifest, tokenizers: await openTokenizers(pack), batches: [1] }
  await warmUp(graphs, on)
  const score = async () => ({ rewards: Float32Array.of(Number.NaN) })
  const rewards = new Map([...graphs.rewards, ['vqa', { score }] as const])
  await assert.rejects(
    warmUp({ ...graphs, rewards }, on),
    (error) => error instanceof PackError && error.message === 'rewards.vqa gives numbers that are not finite.',
  )
})
