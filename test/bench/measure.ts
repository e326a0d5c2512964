/** One search on the real pack, scored by the reward it maximised and by a judge it never saw. For benchmarks. */
import { fileURLToPath } from 'node:url'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
import { encodePng } from '../../gpu-runner/engine/png.ts'
import { runSearch } from '../../gpu-runner/engine/run-search.ts'
import { interpolantNamed } from '../../gpu-runner/flow/interpolant.ts'
import { sizeOf } from '../../gpu-runner/pack/graph-signature.ts'
import type { Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES, type SearchName } from '../../gpu-runner/search/searches.ts'
import { readCounts, spellNumbers } from '../../shared/domain/prompt.ts'
import { type Judge, openJudge } from './judge.ts'

export const PACK_FOLDER = fileURLToPath(new URL('../../gpu-runner/packs/emoji-world', import.meta.url))

export interface Bench {
  readonly model: Model
  readonly judge: Judge
}

export interface Asked {
  readonly prompt: string
  readonly search: SearchName
  readonly nfe: number
  readonly seed: number
}

export interface Measured extends Asked {
  readonly nfeUsed: number
  readonly reward: number
  /** Every count right and nothing else in the image, by the reward's own detector. */
  readonly exact: boolean
  /** The judge's reward of the same image; the held-out score. */
  readonly heldOut: number
  readonly heldOutExact: boolean
  readonly seconds: number
  readonly png: Uint8Array
}

export const openBench = async (): Promise<Bench> => ({
  model: await openModel({ packFolder: PACK_FOLDER }),
  judge: await openJudge(PACK_FOLDER),
})

/** Rejects when the prompt counts nothing. */
export const measure = async ({ model, judge }: Bench, asked: Asked): Promise<Measured> => {
  const { manifest } = model
  const counts = readCounts(asked.prompt, manifest)
  if (counts === undefined) throw new Error(`"${asked.prompt}" names no number of things`)
  const search: Search<unknown, unknown> = SEARCHES[asked.search]
  const start = performance.now()
  const evaluator = await model.begin({
    prompt: spellNumbers(asked.prompt, manifest),
    reward: { name: 'count', counts },
  })
  try {
    const task = {
      nfeBudget: asked.nfe,
      seed: asked.seed,
      latentSize: sizeOf(manifest.latent),
      native: interpolantNamed(manifest.native.interpolant),
      outputs: 1,
    }
    const { answers } = await runSearch({ search, task, evaluate: evaluator.evaluate })
    const [answer] = answers
    if (answer === undefined) throw new Error(`${asked.search} found nothing`)
    const rendering = await evaluator.render(answer.latent)
    const seconds = (performance.now() - start) / 1000
    const [score] = await judge.score([rendering.image.data], counts)
    return {
      ...asked,
      nfeUsed: evaluator.nfe(),
      reward: rendering.reward,
      exact: rendering.exact,
      heldOut: score?.reward ?? Number.NaN,
      heldOutExact: score?.exact ?? false,
      seconds,
      png: encodePng(rendering.image),
    }
  } finally {
    await evaluator.end()
  }
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
