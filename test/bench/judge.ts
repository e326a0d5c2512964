/**
 * A pack's held-out judge, for benchmarks only: it scores with a network that no search has seen. The runner never opens
 * it (pack/graphs.ts loads the graphs and the rewards, nothing else), and a pack whose reward is its judge is refused.
 */
import { availableParallelism } from 'node:os'
import { openTokenizers } from '../../gpu-runner/pack/open-tokenizers.ts'
import { type Pack, PackError, readPack } from '../../gpu-runner/pack/read-pack.ts'
import { openScore } from '../../gpu-runner/pack/reward-graphs.ts'
import { countGraphNamed, countTarget, type Found, readFound } from '../../gpu-runner/reward/count.ts'
import { questionOf } from '../../gpu-runner/reward/prepare.ts'
import type { Counts } from '../../shared/domain/counts.ts'

export interface JudgeScore extends Found {
  readonly reward: number
}

export interface Judge {
  /** Images [3, H, W] in [-1, 1] against the counts asked: one score an image, same order. Blocks this thread's event loop. */
  score(images: readonly Float32Array[], counts: Counts): Promise<readonly JudgeScore[]>
  /** The probability that an image shows what a prompt says, relations and backgrounds too. Rejects where no judge reads prompts. */
  yes(image: Float32Array, prompt: string): Promise<number>
}

const openReader = async (pack: Pack, threads: number): Promise<Judge['yes']> => {
  const graph = pack.manifest.judges?.['vqa']
  if (graph?.takes !== 'prompt')
    return () => Promise.reject(new PackError(`${pack.manifest.name} has no judge that reads.`))
  const tokenizers = await openTokenizers(pack)
  const score = await openScore(pack, graph, { threads })
  return async (image, prompt) => {
    const { rewards } = await score(image, [questionOf(graph, { prompt, tokenizers })])
    return rewards[0] ?? Number.NaN
  }
}

/** Opens the judge of a pack in this thread; open it once. Rejects with PackError when the pack has none. */
export async function openJudge(packFolder: string, threads: number = availableParallelism()): Promise<Judge> {
  const pack = await readPack(packFolder)
  if (pack.manifest.judges?.['count'] === undefined)
    throw new PackError(`${pack.manifest.name} has no judge: pack.json names none as judges.count.`)
  const graph = countGraphNamed('count', pack.manifest.judges)
  const count = await openScore(pack, graph, { threads })
  const reader = await openReader(pack, threads)
  return {
    yes: reader,
    score: async (images, counts) => {
      const target = countTarget(graph, counts)
      const scores: JudgeScore[] = []
      // One by one: scoring is rare, and the batch would be one more copy of every image.
      for (const image of images) {
        const { rewards, counts: soft = new Float32Array() } = await count(image, [{ target }])
        const found = readFound(graph, { soft, asked: counts })
        scores.push({ reward: rewards[0] ?? Number.NaN, ...found })
      }
      return scores
    },
  }
}
