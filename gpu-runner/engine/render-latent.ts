/** A clean latent as the output that a client gets, and what the reward sees in it. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { RewardPart } from '../../shared/contract/reward.ts'
import { type Output, outputOf } from '../output/output.ts'
import type { Graphs } from '../pack/graphs.ts'
import { type Found, readFound } from '../reward/count.ts'
import { isOutside } from '../reward/terms.ts'
import type { Begun } from './begun.ts'
import { checkAsk } from './evaluate-asks.ts'
import { partsOf, type ScoreOutside, scoredOutside, sumOf } from './reward-parts.ts'

/** A finished output, and what the reward sees in it. */
export interface Rendering {
  readonly output: Output
  readonly reward: number
  /** What each term said, in their order. */
  readonly parts: readonly RewardPart[]
  /** Of the first term that counts; undefined where none does. */
  readonly found: Found | undefined
}

export interface RenderContext {
  readonly manifest: PackManifest
  readonly graphs: Graphs
  readonly scoreOutside: ScoreOutside
}

/** Costs no NFE. Rejects as `evaluateAsks` does. */
export async function renderLatent(
  { manifest, graphs, scoreOutside }: RenderContext,
  { terms, rewards, counted, surroundings }: Begun,
  latent: Float32Array,
): Promise<Rendering> {
  checkAsk({ latent, t: 0, wants: 'reward' }, { manifest, terms })
  const image = await graphs.decode([latent])
  const scores = []
  for (const { name, input } of rewards) scores.push(await graphs.rewards.get(name)?.score(image, [input]))
  const output = outputOf(manifest, image, surroundings)
  const outside = terms.some(isOutside) ? await scoredOutside([output], scoreOutside) : []
  const inside = scores.map((score) => score?.rewards[0] ?? Number.NaN)
  const parts = partsOf(terms, { inside, outside, at: 0 })
  const { counts: soft, peaks } = (counted && scores[counted.at]) ?? {}
  const found = counted && soft && readFound(counted.graph, { soft, peaks, asked: counted.counts })
  return { output, reward: sumOf(parts), parts, found }
}
