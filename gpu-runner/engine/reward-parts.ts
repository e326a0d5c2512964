/** The reward of one image, term by term: what the graphs said, and what is scored outside of them. */
import type { RewardPart } from '../../shared/contract/reward.ts'
import type { ImageTensor } from '../image/png.ts'
import type { Output } from '../output/output.ts'
import { isOutside, type ThreadTerm } from '../reward/terms.ts'
import { ModelError } from './model-error.ts'

/** The numbers of each outside term, in their order, one an image. */
export type ScoreOutside = (images: readonly ImageTensor[]) => Promise<readonly (readonly number[])[]>

/** Asks where there is something to ask: a path has no pixels, and the edge offers no such term for it. */
export async function scoredOutside(
  outputs: readonly (Output | undefined)[],
  score: ScoreOutside,
): ReturnType<ScoreOutside> {
  const images = outputs.filter((output) => output?.kind === 'image')
  return images.length === 0 ? [] : score(images)
}

/**
 * What each term says of one image, in their order.
 * @param inside what the graphs said of it @param outside what each outside term said of all images @param at its place among them
 */
export function partsOf(
  terms: readonly ThreadTerm[],
  { inside, outside, at }: { inside: readonly number[]; outside: readonly (readonly number[])[]; at: number },
): RewardPart[] {
  const [said, beyond] = [inside.values(), outside.values()]
  return terms.map((term) => {
    const reward = isOutside(term) ? beyond.next().value?.[at] : said.next().value
    return { name: term.name, weight: term.weight, reward: reward ?? Number.NaN }
  })
}

/** Weight x what each said, summed. Throws ModelError (`graph`) where that is no number. */
export function sumOf(parts: readonly RewardPart[]): number {
  const sum = parts.reduce((total, { weight, reward }) => total + weight * reward, 0)
  // NaN loses every comparison, so a search would go on with it without a word.
  if (!Number.isFinite(sum)) throw new ModelError('graph', `a reward is ${sum}`)
  return sum
}
