/**
 * Choosing which particles live on: n parents from n log weights and few uniforms, unbiased, with little variance.
 *
 * `systematic`: one uniform, n equally spaced pointers (Douc and Cappe, arXiv cs/0507025).
 * `ssp`: Srinivasan sampling process, pairwise rounding of the expected counts; keeps every expected count's floor (Gerber et al.,
 * arXiv 1708.09413).
 * `multinomial`: n independent draws; the noisiest, kept to compare.
 */
export type Resampling = 'systematic' | 'ssp' | 'multinomial'

/** Weights that sum to one, from log weights; the largest may be any finite number. */
export function normalized(logWeights: readonly number[]): number[] {
  const top = Math.max(...logWeights)
  const weights = logWeights.map((log) => Math.exp(log - top))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / total)
}

/** Effective sample size of weights that sum to one: 1 (one holds all) to n (all equal). */
export function effectiveSize(weights: readonly number[]): number {
  return 1 / weights.reduce((sum, weight) => sum + weight * weight, 0)
}

/** Parents, ascending. `uniforms` holds at least n + 1 numbers in (0, 1). */
export const RESAMPLE: Record<Resampling, (weights: readonly number[], uniforms: ArrayLike<number>) => number[]> = {
  systematic: (weights, uniforms) => pointed(weights, (i) => (i + (uniforms[0] ?? 0)) / weights.length),
  multinomial: (weights, uniforms) => {
    const sorted = Array.from({ length: weights.length }, (_, i) => uniforms[i] ?? 0).sort((a, b) => a - b)
    return pointed(weights, (i) => sorted[i] ?? 0)
  },
  ssp: (weights, uniforms) => ssp(weights, uniforms).flatMap((count, i) => Array.from({ length: count }, () => i)),
}

function pointed(weights: readonly number[], pointer: (i: number) => number): number[] {
  const parents: number[] = []
  let at = 0
  let upTo = weights[0] ?? 1
  for (let i = 0; i < weights.length; i++) {
    while (pointer(i) > upTo && at < weights.length - 1) upTo += weights[++at] ?? 0
    parents.push(at)
  }
  return parents
}

/** Counts of each particle: two fractional parts at a time push mass between each other until one of them is whole. */
function ssp(weights: readonly number[], uniforms: ArrayLike<number>): number[] {
  const n = weights.length
  const expected = weights.map((weight) => weight * n)
  const counts = expected.map((value) => Math.floor(value + 1e-12))
  const rest = expected.map((value, i) => Math.max(0, value - (counts[i] ?? 0)))
  let [open, drawn] = [0, 0]
  for (let i = 1; i < n; i++) {
    const [p, q] = [rest[open] ?? 0, rest[i] ?? 0]
    // `up`: what p may gain at q's cost; `down`: what it may lose to q.
    const [up, down] = [Math.min(1 - p, q), Math.min(p, 1 - q)]
    const gains = up + down === 0 ? true : (uniforms[drawn++] ?? 0) < down / (up + down)
    rest[open] = p + (gains ? up : -down)
    rest[i] = q + (gains ? -up : down)
    if ((rest[open] ?? 0) >= 1 - 1e-12) {
      counts[open] = (counts[open] ?? 0) + 1
      rest[open] = 0
      open = i
    } else if ((rest[i] ?? 0) >= 1 - 1e-12) {
      counts[i] = (counts[i] ?? 0) + 1
      rest[i] = 0
    } else if ((rest[open] ?? 0) <= 1e-12) open = i
  }
  const short = n - counts.reduce((a, b) => a + b, 0)
  if (short > 0) counts[open] = (counts[open] ?? 0) + short
  return counts
}
