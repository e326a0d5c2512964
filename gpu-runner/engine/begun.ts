/** A generation as the model's thread knows it, from `begin` to `end`. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { spellNumbers } from '../../shared/domain/prompt.ts'
import type { PackTokenizer } from '../../shared/domain/tokenizer.ts'
import type { Conditioning } from '../pack/graphs.ts'
import { surroundingsOf } from '../pack/surroundings.ts'
import type { Surroundings } from '../path/path.ts'
import { type PreparedRewards, prepareRewards } from '../reward/prepare.ts'
import { isOutside, type ThreadTerm } from '../reward/terms.ts'
import type { Turn } from './batcher.ts'
import type { EvaluationRow } from './evaluate-rows.ts'
import { ModelError } from './model-error.ts'
import type { EvaluatorAsk, ModelProtocol } from './protocol.ts'

export interface Begun extends PreparedRewards {
  readonly evaluator: number
  readonly conditioning: Conditioning
  readonly terms: readonly ThreadTerm[]
  readonly turn: Turn
  /** Of a pack that gives paths. */
  readonly surroundings: Surroundings | undefined
  /** Whether outputs come with rewards, to be drawn for those who watch. */
  readonly drawn: boolean
  /** Whether what `decode` gave is wanted with rewards. */
  readonly images: boolean
  readonly pictureSide?: number
  readonly spend: () => void
}

export interface BeginContext {
  readonly manifest: PackManifest
  /** By file. */
  readonly tokenizers: ReadonlyMap<string, PackTokenizer>
  /** Of the words that the encoder sees. */
  readonly encode: (words: string) => Promise<Conditioning>
  /** Counts one NFE on each meter. */
  readonly spend: (meter: BigInt64Array) => void
}

/** Rejects with ModelError (`request`) on a reward or a class that the pack has not. */
export async function beginGeneration(
  { manifest, tokenizers, encode, spend }: BeginContext,
  { evaluator, prompt, terms, payer, patient, pictureSide, nfe }: ModelProtocol['begin']['request'],
): Promise<Begun> {
  const words = spellNumbers(prompt, manifest)
  const inside = terms.filter((term) => !isOutside(term))
  const prepared = refuse(() => prepareRewards(inside, { manifest, prompt: words, tokenizers }))
  const conditioning = await encode(words)
  // Few numbers make a path, and what is shown of it is drawn from them when somebody looks.
  const drawn = manifest.output.kind !== 'image' && pictureSide !== undefined
  return {
    ...prepared,
    evaluator,
    conditioning,
    terms,
    turn: { payer, patient },
    surroundings: surroundingsOf(manifest, conditioning),
    drawn,
    images: inside.length < terms.length || drawn,
    ...(pictureSide !== undefined && !drawn && { pictureSide }),
    spend: () => spend(nfe),
  }
}

/** An ask with what its generation adds to it. */
export const rowOf = ({ latent, t, wants, gradient }: EvaluatorAsk, begun: Begun): EvaluationRow => ({
  latent,
  t,
  wants,
  ...(gradient === true && { gradient }),
  conditioning: begun.conditioning,
  rewards: begun.rewards,
  images: begun.images,
  ...(begun.pictureSide !== undefined && { pictureSide: begun.pictureSide }),
  spend: begun.spend,
})

function refuse<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new ModelError('request', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
