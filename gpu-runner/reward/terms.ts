/** A reward as a sum of terms, each scored by a graph of the pack, or from the pixels outside of any graph. */
import type { PixelReward } from '../../shared/contract/reward.ts'
import type { Counts } from '../../shared/domain/counts.ts'
import { type HttpReward, isHttp, partsOf, type Reward } from '../../shared/domain/reward.ts'
import { encodeImage } from '../image/encode-image.ts'
import { type ImageTensor, pixelsOf } from '../image/png.ts'
import { colorfulness } from './colorfulness.ts'

/** One number an image, same order; higher is better. */
export type PixelScorer = (images: readonly ImageTensor[]) => Promise<readonly number[]>

interface Weighted {
  readonly name: string
  readonly weight: number
}

/** Scored in the model's thread, where a batch holds terms of many generations. */
export interface GraphTerm extends Weighted {
  readonly counts?: Counts
}

/** Scored by the model's owner: black boxes, which have no gradient. */
export interface PixelTerm extends Weighted {
  readonly score: PixelScorer
}

/** A reward is the sum of weight x what each term says. */
export type Term = GraphTerm | PixelTerm

export const isPixelTerm = (term: Term): term is PixelTerm => 'score' in term

/** A pixel term as the model's thread knows it: something that its owner is asked for. */
export interface OutsideTerm extends Weighted {
  readonly outside: true
}

export type ThreadTerm = GraphTerm | OutsideTerm

export const isOutside = (term: ThreadTerm): term is OutsideTerm => 'outside' in term

export const threadTerm = (term: Term): ThreadTerm =>
  isPixelTerm(term) ? { name: term.name, weight: term.weight, outside: true } : term

const BYTES_PER_KILOBYTE = 1000

const PIXEL_SCORERS: Readonly<Record<PixelReward, PixelScorer>> = {
  colorfulness: async (images) => images.map((image) => colorfulness(pixelsOf(image))),
  compressibility: (images) =>
    Promise.all(images.map(async (image) => -(await encodeImage(image, 'jpeg')).byteLength / BYTES_PER_KILOBYTE)),
}

/** Makes the scorer of an `http` reward. Its weight says which of two rewards is worse. */
export type ScorerOfServer = (server: HttpReward, weight: number) => PixelScorer

/** @param scorerOf how an `http` reward is asked; without one there is none. Throws RangeError where it is needed. */
export const termsOf = (reward: Reward, scorerOf?: ScorerOfServer): readonly Term[] =>
  partsOf(reward).map(({ reward: part, weight }): Term => {
    if (isHttp(part)) {
      if (scorerOf === undefined) throw new RangeError('nobody here asks scoring servers')
      return { name: part.name, weight, score: scorerOf(part, weight) }
    }
    const { name, counts } = part
    if (Object.hasOwn(PIXEL_SCORERS, name)) return { name, weight, score: PIXEL_SCORERS[name as PixelReward] }
    return counts === undefined ? { name, weight } : { name, weight, counts }
  })
