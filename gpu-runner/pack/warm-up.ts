/** The first run of every graph, before anybody waits for it. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { PackTokenizer } from '../../shared/domain/tokenizer.ts'
import { prepareRewards, type RewardAsk } from '../reward/prepare.ts'
import type { GraphTerm } from '../reward/terms.ts'
import { encodeInputs } from './encode-inputs.ts'
import { sizeOf } from './graph-signature.ts'
import type { Graphs } from './graphs.ts'
import { PackError } from './read-pack.ts'
import type { RewardInput } from './reward-inputs.ts'

export const TRIAL_PROMPT = 'two cats'

/**
 * Encodes, predicts, decodes and scores a batch of each size; no NFE of anybody. A pack whose numbers are not finite is refused here
 * and not in the middle of a search. Rejects with PackError.
 */
export async function warmUp(
  graphs: Graphs,
  on: { manifest: PackManifest; tokenizers: ReadonlyMap<string, PackTokenizer>; batches: readonly number[] },
): Promise<void> {
  const { manifest, tokenizers, batches } = on
  const conditioning = await graphs.encode(encodeInputs(manifest, tokenizers, TRIAL_PROMPT))
  const latent = Float32Array.from({ length: sizeOf(manifest.latent) }, (_, i) => Math.sin(1.7 * i))
  const row = { latent, t: 0.9, conditioning, spend: () => undefined }
  const asks = asksOf(graphs, manifest, tokenizers)
  for (const rows of batches) {
    checkFinite(manifest.graphs.velocity, await graphs.velocity(Array<typeof row>(rows).fill(row)))
    const latents = Array<Float32Array>(rows).fill(latent)
    const images = await graphs.decode(latents)
    checkFinite(manifest.graphs.decode, images)
    for (const { name, input } of asks) {
      const [opened, inputs] = [graphs.rewards.get(name), Array<RewardInput>(rows).fill(input)]
      const scores = [
        await opened?.score(images, inputs),
        await opened?.scoreLatents?.(latents, inputs, { images: false }),
        await opened?.gradient?.(latents, inputs),
      ]
      for (const score of scores) checkFinite(`rewards.${name}`, score?.rewards ?? new Float32Array())
    }
  }
}

function asksOf(
  graphs: Graphs,
  manifest: PackManifest,
  tokenizers: ReadonlyMap<string, PackTokenizer>,
): readonly RewardAsk[] {
  const terms = trialTerms([...graphs.rewards.keys()], manifest)
  return prepareRewards(terms, { manifest, prompt: TRIAL_PROMPT, tokenizers }).rewards
}

/** What each reward is asked: the prompt, or one thing of the first class. */
export function trialTerms(names: readonly string[], { rewards }: PackManifest): readonly GraphTerm[] {
  return names.map((name) => {
    const graph = rewards[name]
    const [first] = graph?.takes === 'counts' ? graph.classes : []
    return { name, weight: 1, ...(first !== undefined && { counts: { [first]: 1 } }) }
  })
}

function checkFinite(file: string, numbers: Float32Array): void {
  if (!numbers.every(Number.isFinite)) throw new PackError(`${file} gives numbers that are not finite.`)
}
