/**
 * Counter-based noise: every random number of a search is a pure function of (seed, lane, step, candidate).
 *
 * Any candidate can be redrawn from its coordinates, in any order, on any machine; there is no generator to checkpoint.
 */
import { BIN_MEANS, TAIL_BINS, tailNormal } from './normal.ts'
import { type PhiloxPlace, philoxFill } from './philox.ts'

/** Where a draw stands in a search. All are integers in [0, 2^32). */
export interface NoisePlace {
  readonly seed: number
  readonly lane: number
  readonly step: number
  readonly candidate: number
}

/** Second key word: keeps latent noise and decisions apart. */
const LATENT_NOISE = 0x4e4f4953
const DECISIONS = 0x44454349

/** Blocks from here on refine tail bins; ordinary blocks stay below. */
const TAIL_BLOCKS = 0x80000000

/** 2,048 words = 4,096 normals at a time: they stay in the first-level cache. Overwritten before every use. */
const words = new Int32Array(2048)
const tailWords = new Int32Array(8)
/** Elements of the current chunk that fell into a tail bin. */
const tailElements = new Int32Array(4096)

/** n standard normals. */
export function standardNormals(place: NoisePlace, n: number): Float32Array {
  return perturbInPlace(new Float32Array(n), 1, place)
}

/**
 * A new latent base + fresh x (standard normals of the place). A whole 64x64 candidate costs this one pass.
 * fresh = 0 draws nothing and returns the base itself.
 */
export function perturbed(base: Float32Array, fresh: number, place: NoisePlace): Float32Array {
  return fresh === 0 ? base : addNoise(new Float32Array(base.length), { base, fresh, place })
}

/** The same into the base itself, for a base that nothing else will start from. */
export function perturbInPlace(base: Float32Array, fresh: number, place: NoisePlace): Float32Array {
  return fresh === 0 ? base : addNoise(base, { base, fresh, place })
}

interface Noise {
  readonly base: Float32Array
  readonly fresh: number
  readonly place: NoisePlace
}

function addNoise(out: Float32Array, { base, fresh, place }: Noise): Float32Array {
  const philox = philoxPlace(place, LATENT_NOISE)
  for (let from = 0; from < out.length; from += 4096) {
    philoxFill(out.length - from < 4096 ? words.subarray(0, wordsFor(out.length - from)) : words, philox, from / 8)
    const tails = addNormals(out, { base, fresh, from })
    // A tail bin's mean is 0 in the table, so that its own draw can be added here.
    for (let k = 0; k < tails; k++) {
      const at = tailElements[k] as number
      out[at] = (out[at] as number) + fresh * redrawnTail(at, philox)
    }
  }
  return out
}

/** Of so many elements: two a word, and blocks by two. */
const wordsFor = (elements: number): number => Math.ceil(elements / 16) * 8

/** n uniforms in (0, 1) with 32 bits each, for decisions; apart from the latent noise of the same place. */
export function uniforms(place: NoisePlace, n: number): Float64Array {
  const drawn = new Int32Array(Math.ceil(n / 8) * 8)
  philoxFill(drawn, philoxPlace(place, DECISIONS), 0)
  return Float64Array.from({ length: n }, (_, i) => (((drawn[i] as number) >>> 0) + 0.5) / 2 ** 32)
}

interface Chunk {
  readonly base: Float32Array
  readonly fresh: number
  readonly from: number
}

/** Element from + 2 k takes the low half of word k, its neighbour the high half. Returns how many elements are in a tail. */
function addNormals(out: Float32Array, { base, fresh, from }: Chunk): number {
  const end = Math.min(from + 4096, out.length)
  let tails = 0
  for (let at = from, k = 0; at < end; at += 2, k++) {
    const word = words[k] as number
    const low = word & 0xffff
    const high = word >>> 16
    out[at] = (base[at] as number) + fresh * (BIN_MEANS[low] as number)
    if (((low + TAIL_BINS) & 0xffff) < 2 * TAIL_BINS) tailElements[tails++] = at
    // An odd length ends on a low half; writes past the end of a typed array do nothing, a tail there must not be kept.
    out[at + 1] = (base[at + 1] as number) + fresh * (BIN_MEANS[high] as number)
    if (((high + TAIL_BINS) & 0xffff) < 2 * TAIL_BINS && at + 1 < end) tailElements[tails++] = at + 1
  }
  return tails
}

/** The element's own bin is still in `words`; a block of its own refines it. */
function redrawnTail(at: number, philox: PhiloxPlace): number {
  const within = at & 4095
  const word = words[within >> 1] as number
  philoxFill(tailWords, philox, TAIL_BLOCKS + at * 2)
  return tailNormal((within & 1) === 0 ? word & 0xffff : word >>> 16, tailWords[0] as number)
}

function philoxPlace({ seed, lane, step, candidate }: NoisePlace, purpose: number): PhiloxPlace {
  return { key: [seed, purpose], counter: [lane, step, candidate] }
}
