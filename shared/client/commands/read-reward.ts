/** The reward that --reward and --count ask for. The API says what is wrong with it; here only what has no form is. */
import type { NewGeneration } from '../generations.ts'
import { UsageError } from './command.ts'

type AskedReward = NonNullable<NewGeneration['reward']>
type AskedPart = Exclude<AskedReward, { name: 'composite' }>

/** `vqa`; `https://...`; or `count=1` and `vqa=5`, a sum. Counts belong to the reward named count. */
export const readReward = (
  said: readonly string[],
  counts: Record<string, number> | undefined,
): AskedReward | undefined => {
  const named = (name: string): AskedPart => {
    if (/^https?:/.test(name)) return { name: 'http', url: name }
    return name === 'count' && counts !== undefined ? { name, counts } : name
  }
  if (said.length === 0) return counts === undefined ? undefined : named('count')
  const parts = said.map((text) => {
    const [, name = text, weight] = /^(.+)=(-?\d+(?:\.\d+)?)$/.exec(text) ?? []
    return { reward: named(name), weight }
  })
  const [first] = parts
  // An address may itself end like a weight.
  if (said.length === 1 && /^https?:/.test(said[0] ?? '')) return named(said[0] ?? '')
  if (parts.length === 1 && first !== undefined && first.weight === undefined) return first.reward
  if (parts.some(({ weight }) => weight === undefined))
    throw new UsageError('several rewards need weights: NAME=WEIGHT')
  return { name: 'composite', parts: parts.map(({ reward, weight }) => ({ reward, weight: Number(weight) })) }
}
