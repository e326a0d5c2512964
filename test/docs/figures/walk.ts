/** The model on one prompt, step by step: the latents of a walk, their denoised estimates, and the images of both. */
import type { Evaluator } from '../../../gpu-runner/engine/evaluator.ts'
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { combine } from '../../../gpu-runner/flow/floats.ts'
import { interpolantNamed } from '../../../gpu-runner/flow/interpolant.ts'
import { standardNormals } from '../../../gpu-runner/flow/noise.ts'
import { applyPair, denoisedPair } from '../../../gpu-runner/flow/prediction.ts'
import { timeGrid } from '../../../gpu-runner/flow/schedule.ts'
import { encodeOutput } from '../../../gpu-runner/output/output.ts'
import { sizeOf } from '../../../gpu-runner/pack/graph-signature.ts'
import { countGraphNamed } from '../../../gpu-runner/reward/count.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { LatentFacts } from '../../../gpu-runner/search/candidate.ts'
import { RBF_DEFAULTS } from '../../../gpu-runner/search/rbf.ts'
import { readCounts } from '../../../shared/domain/counts.ts'
import { spellNumbers } from '../../../shared/domain/prompt.ts'

export interface Seen {
  readonly dataUrl: string
  readonly reward: number
  /** Things of each class that it counts. */
  readonly found: Readonly<Record<string, number>>
}

export interface Stop {
  readonly t: number
  /** x_t itself, and what the model takes it for. */
  readonly latent: Float32Array
  readonly denoised: Float32Array
}

/** The model under a prompt and its count reward. Rejects when the prompt counts nothing. */
export const beginPrompt = async ({ manifest, begin }: Model, prompt: string): Promise<Evaluator> => {
  const counts = readCounts(prompt, manifest.vocabulary, countGraphNamed('count', manifest.rewards))
  if (counts === undefined) throw new Error(`"${prompt}" names no number of things`)
  return begin({ prompt: spellNumbers(prompt, manifest), terms: termsOf({ name: 'count', counts }) })
}

export const factsOf = ({ manifest }: Model, seed: number): LatentFacts => ({
  seed,
  latentSize: sizeOf(manifest.latent),
  native: manifest.native.interpolant,
})

/** A draft of `rbf` as it walks down: one stop an NFE, the last one's denoised estimate is the finished image. */
export const walkDown = async (
  evaluator: Evaluator,
  { seed, latentSize, native: name }: LatentFacts,
  index: number,
): Promise<readonly Stop[]> => {
  const native = interpolantNamed(name)
  const { schedule, steps } = RBF_DEFAULTS.draft
  const grid = timeGrid(schedule, steps, native)
  let latent = standardNormals({ seed, lane: 0, step: 0, candidate: index }, latentSize)
  const stops: Stop[] = []
  for (const [step, t] of grid.slice(0, -1).entries()) {
    const [evaluation] = await evaluator.evaluate([{ latent, t, wants: 'velocity' }])
    if (evaluation?.velocity === undefined) throw new Error('an evaluation lacks its velocity')
    const { velocity } = evaluation
    stops.push({ t, latent, denoised: applyPair(denoisedPair(native, t), latent, velocity) })
    latent = combine(1, latent, { b: (grid[step + 1] ?? 0) - t, y: velocity })
  }
  return stops
}

/** The image of a latent, and what the reward sees in it. Costs no NFE. */
export const see = async (evaluator: Evaluator, latent: Float32Array): Promise<Seen> => {
  const { output, reward, found } = await evaluator.render(latent)
  const webp = Buffer.from(await encodeOutput(output, 'webp'))
  return { dataUrl: `data:image/webp;base64,${webp.toString('base64')}`, reward, found: found?.found ?? {} }
}
