/**
 * What a request draws beside its body: its time, its ids, its secrets and seeds. Routes that create draw from here and
 * nowhere else, in a fixed order. A request with an Idempotency-Key draws from its record, so that a second try makes the
 * same things under the same names, and every conditional write of the first try is met instead of repeated.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { ulid } from 'ulid'

export interface Draw {
  /** When the request was first made, epoch milliseconds; ids begin with it. */
  readonly at: number
  /** True when an earlier try may have written something: look before creating. */
  readonly resumed: boolean
  /** A new id such as gen_01J...; it sorts by `at`. */
  id(prefix: string): string
  bytes(length: number): Uint8Array
}

/** Draws of a request that stands alone. */
export const drawFresh = (source: { now: () => number; randomBytes: (length: number) => Uint8Array }): Draw => {
  const at = source.now()
  return drawFrom({ at, resumed: false, bytes: source.randomBytes })
}

/**
 * Draws that any process makes the same again.
 * @param seed secret; at least 16 bytes. The stream is HMAC-SHA256 over a counter.
 */
export const drawSeeded = (from: { seed: Uint8Array; at: number; resumed: boolean }): Draw => {
  let drawn = 0
  const key = createSecretKey(from.seed)
  const block = () => createHmac('sha256', key).update(`draw ${drawn++}`).digest()
  const bytes = (length: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, block)
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length))
  }
  return drawFrom({ at: from.at, resumed: from.resumed, bytes })
}

const drawFrom = ({ at, resumed, bytes }: Pick<Draw, 'at' | 'resumed' | 'bytes'>): Draw => ({
  at,
  resumed,
  bytes,
  id: (prefix) => {
    // 80 random bits, one byte a letter: 256 is a multiple of the 32 letters, so none is favoured.
    const letters = bytes(16)
    let next = 0
    return `${prefix}_${ulid(at, () => (letters[next++] ?? 0) / 256)}`
  },
})
