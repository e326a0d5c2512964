/** The count reward: how near the things in an image come to the counts that were asked for. */
import type { CountGraph } from '../../shared/contract/pack.ts'

/** What was asked, by class of the pack: {balloon: 7, bear: 4}. Whole numbers >= 0; 0 means "none of these". */
export type Counts = Readonly<Record<string, number>>

export interface CountReward {
  readonly name: 'count'
  readonly counts: Counts
}

export interface Found {
  /** Things of each class in the image, where there is at least one; in the order of the pack's classes. */
  readonly found: Counts
  /** Every asked class found as often as asked, and nothing else found. */
  readonly exact: boolean
}

/**
 * The graph's target [classes]: the count asked, or the pack's `missing` where a class was not asked for.
 * Throws RangeError on a class the pack does not count, on a count that is no whole number >= 0, and on no class at all.
 */
export function countTarget({ classes, missing }: CountGraph, counts: Counts): Float32Array {
  const asked = Object.entries(counts)
  if (asked.length === 0) throw new RangeError('the count reward needs at least one class to count')
  const target = new Float32Array(classes.length).fill(missing)
  for (const [name, count] of asked) {
    const index = classes.indexOf(name)
    if (index < 0) throw new RangeError(`the pack does not count "${name}"`)
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`the count of ${name} must be a whole number >= 0`)
    target[index] = count
  }
  return target
}

/** Soft counts [classes] of one image (sums of peak probabilities), rounded to things. */
export function readFound({ classes }: CountGraph, { soft, asked }: { soft: Float32Array; asked: Counts }): Found {
  const found: Record<string, number> = {}
  let exact = true
  for (const [index, name] of classes.entries()) {
    const count = Math.round(soft[index] ?? 0)
    if (count > 0) found[name] = count
    const wanted = Object.hasOwn(asked, name) ? asked[name] : 0
    if (count !== wanted) exact = false
  }
  return { found, exact }
}
