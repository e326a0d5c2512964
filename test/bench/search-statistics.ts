/** Paired comparisons of searches over the same prompts. */
import { uniforms } from '../../gpu-runner/flow/noise.ts'

export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Mean and 95 % percentile bootstrap interval over the values, resampled whole; the same numbers every time. */
export function bootstrap(values: readonly number[], resamples = 10_000): Interval {
  const n = values.length
  if (n === 0) return { mean: Number.NaN, low: Number.NaN, high: Number.NaN }
  const means = Array.from({ length: resamples }, (_, candidate) => {
    const drawn = uniforms({ seed: 95, lane: 0, step: n, candidate }, n)
    return drawn.reduce((sum, u) => sum + (values[Math.floor(u * n)] ?? 0), 0) / n
  }).sort((a, b) => a - b)
  const mean = values.reduce((a, b) => a + b, 0) / n
  const at = (share: number) => means[Math.min(resamples - 1, Math.floor(share * resamples))] ?? Number.NaN
  return { mean, low: at(0.025), high: at(0.975) }
}

export interface Scored {
  readonly promptIndex: number
  readonly value: number
}

/**
 * a - b by prompt: seeds of one prompt are averaged first, for they are not independent evidence about other prompts.
 * Prompts that only one of the two has are left out.
 */
export function pairedDifferences(a: readonly Scored[], b: readonly Scored[]): number[] {
  const [ofA, ofB] = [meansByPrompt(a), meansByPrompt(b)]
  return [...ofA].flatMap(([prompt, value]) => {
    const other = ofB.get(prompt)
    return other === undefined ? [] : [value - other]
  })
}

function meansByPrompt(scores: readonly Scored[]): Map<number, number> {
  const groups = Map.groupBy(scores, ({ promptIndex }) => promptIndex)
  return new Map(
    [...groups].map(([prompt, ones]) => [prompt, ones.reduce((sum, { value }) => sum + value, 0) / ones.length]),
  )
}
