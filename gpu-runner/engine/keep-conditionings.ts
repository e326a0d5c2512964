/** What the encoder made of the prompts that were asked last: many generations of a batch have one prompt. */
import type { Conditioning } from '../pack/graphs.ts'

/** A long prompt of a large text encoder takes some megabytes. */
const KEEP_BYTES = 64e6

/**
 * The same as `encode`, which is not run for a prompt that is still kept; the longest unasked are forgotten first. What it gives
 * is shared and must not be written to. @param encode the words that the encoder sees, as conditioning.
 */
export function keepConditionings(
  encode: (words: string) => Promise<Conditioning>,
  keepBytes = KEEP_BYTES,
): (words: string) => Promise<Conditioning> {
  const kept = new Map<string, Conditioning>()
  let bytes = 0
  return async (words) => {
    const conditioning = kept.get(words) ?? (await encode(words))
    // Two that were encoded at the same time are counted once.
    if (kept.delete(words)) bytes -= bytesOf(conditioning)
    kept.set(words, conditioning)
    bytes += bytesOf(conditioning)
    for (const [oldest, forgotten] of kept) {
      if (bytes <= keepBytes) break
      kept.delete(oldest)
      bytes -= bytesOf(forgotten)
    }
    return conditioning
  }
}

const bytesOf = (conditioning: Conditioning): number =>
  Object.values(conditioning).reduce((sum, { byteLength }) => sum + byteLength, 0)
