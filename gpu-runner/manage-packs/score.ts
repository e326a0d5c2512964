/**
 * One reward of a pack on given images, without a search: what is compared with the Python original that it was made of.
 * A case is `<path>.json` {reward, asks} with `<path>.images`, float32 [B, 3, H, W] in [-1, 1], beside it.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { rewardNameSchema } from '../../shared/contract/reward.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import { PackError, readPack } from '../pack/read-pack.ts'
import { openScore } from '../pack/reward-graphs.ts'
import type { GraphOptions } from '../pack/session.ts'
import { prepareRewards } from '../reward/prepare.ts'
import { readFloats } from './walk.ts'

const caseSchema = z.strictObject({
  reward: rewardNameSchema,
  /** One an image: the prompt, or the counts asked. */
  asks: z
    .array(
      z.strictObject({
        prompt: z.string().default(''),
        counts: z.record(z.string(), z.number().int().min(0)).optional(),
      }),
    )
    .min(1),
})

export interface ScoreCase extends z.infer<typeof caseSchema> {
  /** [B, 3, H, W], one an ask. */
  readonly images: Float32Array
}

export const readScoreCase = async (path: string): Promise<ScoreCase> => ({
  ...caseSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8'))),
  images: await readFloats(`${path}.images`),
})

/** The rewards [B] of a case, as one batch. Rejects with PackError on a reward that the pack has not. */
export const scoreCase = async (folder: string, given: ScoreCase, options: GraphOptions): Promise<Float32Array> => {
  const pack = await readPack(folder)
  const graph = Object.hasOwn(pack.manifest.rewards, given.reward) ? pack.manifest.rewards[given.reward] : undefined
  if (graph === undefined) throw new PackError(`The pack has no reward ${given.reward}.`)
  const tokenizers = await openTokenizers(pack)
  const inputs = given.asks.map(({ prompt, counts }) => {
    const term = { name: given.reward, weight: 1, ...(counts && { counts }) }
    const { rewards } = prepareRewards([term], { manifest: pack.manifest, prompt, tokenizers })
    return rewards[0]?.input ?? {}
  })
  const score = await openScore(pack, graph, options)
  return (await score(given.images, inputs)).rewards
}
