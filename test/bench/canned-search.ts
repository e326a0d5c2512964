/** A search without any model: what ask and tell themselves cost. */
import { linear } from '../../gpu-runner/flow/interpolant.ts'
import type { Ask, Evaluation, Search } from '../../gpu-runner/search/search.ts'

export interface CannedSearches {
  /** Numbers of a latent. */
  readonly latentSize: number
  readonly nfe: number
  /** Whole searches that are measured together: the processor's clock ticks in milliseconds. */
  readonly searches: number
  readonly firstSeed: number
}

/**
 * Microseconds of this thread's processor for each candidate, so that a busy machine does not count. Evaluations are canned:
 * the same velocity array and a reward from a table.
 */
export function microsecondsPerCandidate(
  search: Search<unknown, unknown>,
  { latentSize, nfe, searches, firstSeed }: CannedSearches,
): number {
  const velocity = new Float32Array(latentSize).fill(0.1)
  let drawn = 0
  const answer = ({ wants, gradient }: Ask): Evaluation => {
    const reward = -((++drawn * 7919) % 101)
    if (wants === 'reward') return { reward }
    return { velocity, ...(wants === 'both' ? { reward } : {}), ...(gradient ? { gradient: velocity } : {}) }
  }
  const started = process.threadCpuUsage()
  for (let seed = firstSeed; seed < firstSeed + searches; seed++) {
    let state = search.start({ nfeBudget: nfe, seed, latentSize, native: linear, outputs: 1 }, search.defaults)
    while (!search.done(state)) state = search.tell(state, search.ask(state).map(answer)).state
  }
  const { user, system } = process.threadCpuUsage(started)
  return (user + system) / drawn
}
