/** What the reward graphs of one generation take beside images, worked out once. */
import type { CountGraph, JudgeGraph, PackManifest } from '../../shared/contract/pack.ts'
import type { Counts } from '../../shared/domain/counts.ts'
import { encodePrompt, type PackTokenizer } from '../../shared/domain/tokenizer.ts'
import type { RewardInput } from '../pack/reward-inputs.ts'
import { countTarget } from './count.ts'
import type { GraphTerm } from './terms.ts'

/** One graph of a generation's reward, by its name in the pack. */
export interface RewardAsk {
  readonly name: string
  readonly input: RewardInput
}

/** A reward that counts: its place among the generation's, and what was asked of it. */
export interface Counted {
  readonly at: number
  readonly graph: CountGraph
  readonly counts: Counts
}

export interface PreparedRewards {
  readonly rewards: readonly RewardAsk[]
  /** The first of them that counts. */
  readonly counted: Counted | undefined
}

interface PrepareContext {
  readonly manifest: Pick<PackManifest, 'rewards'>
  /** In the words of the pack. */
  readonly prompt: string
  /** By file. */
  readonly tokenizers: ReadonlyMap<string, PackTokenizer>
}

/** Throws RangeError on a reward that the pack does not offer, and on counts that it cannot count. */
export function prepareRewards(terms: readonly GraphTerm[], on: PrepareContext): PreparedRewards {
  const rewards = terms.map((term) => ({ name: term.name, input: inputOf(term, on) }))
  const counted = terms.flatMap(({ name, counts }, at): Counted[] => {
    const graph = on.manifest.rewards[name]
    return graph?.takes === 'counts' && counts !== undefined ? [{ at, graph, counts }] : []
  })
  return { rewards, counted: counted[0] }
}

function inputOf({ name, counts = {} }: GraphTerm, { manifest, prompt, tokenizers }: PrepareContext): RewardInput {
  const graph = Object.hasOwn(manifest.rewards, name) ? manifest.rewards[name] : undefined
  if (graph?.offered !== true) throw new RangeError(`the pack has no reward "${name}"`)
  switch (graph.takes) {
    case 'counts':
      return { target: countTarget(graph, counts) }
    case 'prompt':
      return questionOf(graph, { prompt, tokenizers })
    case 'image':
      return {}
  }
}

/** What a graph that reads the prompt takes: its text with the prompt in it, in tokens. */
export function questionOf(
  { tokenizer: uses, text }: JudgeGraph & { takes: 'prompt' },
  { prompt, tokenizers }: Pick<PrepareContext, 'prompt' | 'tokenizers'>,
): RewardInput {
  const tokenizer = tokenizers.get(uses.file)
  if (tokenizer === undefined) throw new RangeError(`the tokenizer ${uses.file} is not open`)
  // A function: "$&" in a prompt is no pattern.
  const { ids, mask } = encodePrompt(
    tokenizer,
    uses,
    text.replace('{prompt}', () => prompt),
  )
  const input = { input_ids: BigInt64Array.from(ids) }
  return uses.mask ? { ...input, input_mask: BigInt64Array.from(mask) } : input
}
