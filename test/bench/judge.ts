/**
 * A pack's held-out judge, for benchmarks only: it scores with a network that no search has seen. The runner never opens
 * it (pack/sessions.ts loads the graphs and the reward, nothing else), and a pack whose reward is its judge is refused.
 */
import { availableParallelism } from 'node:os'
import { PackError, readPack } from '../../gpu-runner/pack/read-pack.ts'
import { openCountGraph } from '../../gpu-runner/pack/sessions.ts'
import { type Counts, countTarget, type Found, readFound } from '../../gpu-runner/reward/count.ts'

export interface JudgeScore extends Found {
  readonly reward: number
}

export interface Judge {
  /** Images [3, H, W] in [-1, 1] against the counts asked: one score an image, same order. Blocks this thread's event loop. */
  score(images: readonly Float32Array[], counts: Counts): Promise<readonly JudgeScore[]>
}

/** Opens the judge of a pack in this thread; open it once. Rejects with PackError when the pack has none. */
export async function openJudge(packFolder: string, threads: number = availableParallelism()): Promise<Judge> {
  const pack = await readPack(packFolder)
  const graph = pack.manifest.judges?.count
  if (graph === undefined)
    throw new PackError(`${pack.manifest.name} has no judge: pack.json names none as judges.count.`)
  const count = await openCountGraph(pack, graph, { threads })
  return {
    score: async (images, counts) => {
      const target = countTarget(graph, counts)
      const scores: JudgeScore[] = []
      // One by one: scoring is rare, and the batch would be one more copy of every image.
      for (const image of images) {
        const { rewards, counts: soft } = await count(image, [target])
        const found = readFound(graph, { soft, asked: counts })
        scores.push({ reward: rewards[0] ?? Number.NaN, ...found })
      }
      return scores
    },
  }
}
