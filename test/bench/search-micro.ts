/**
 * `node test/bench/search-micro.ts`: what a search itself costs, ask and tell without any model, for each candidate.
 *
 * Evaluations are canned: the same velocity array and a reward from a table. Processor time of this thread, so that a busy machine
 * does not count; the median over whole runs of each search.
 */
import { linear } from '../../gpu-runner/flow/interpolant.ts'
import type { Ask, Evaluation, Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'
import { machineLine } from './machine.ts'

const SIZES = [
  { name: '64x64', latentSize: 64 * 64, budget: 120, runs: 9, searchesARun: 25, limitMicroseconds: 50 },
  { name: '4096x64', latentSize: 4096 * 64, budget: 60, runs: 3, searchesARun: 1, limitMicroseconds: 3000 },
]

console.log(`${machineLine()}\n`)
console.log(`| search | ${SIZES.map(({ name }) => `µs a candidate at ${name}`).join(' | ')} |`)
console.log(`| --- | ${SIZES.map(() => '---:').join(' | ')} |`)

for (const [name, entry] of Object.entries(SEARCHES)) {
  const search = entry as unknown as Search<unknown, unknown>
  const cells = SIZES.map(({ latentSize, budget, runs, searchesARun, limitMicroseconds }) => {
    const found = Array.from({ length: runs }, (_, seed) =>
      microsecondsPerCandidate(search, { latentSize, budget, seeds: searchesARun, firstSeed: seed * searchesARun }),
    )
    const median = found.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN
    if (!(median < limitMicroseconds)) process.exitCode = 1
    return median.toFixed(1)
  })
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}

interface Size {
  readonly latentSize: number
  readonly budget: number
  /** Whole searches that are measured together: the processor's clock ticks in milliseconds. */
  readonly seeds: number
  readonly firstSeed: number
}

function microsecondsPerCandidate(
  search: Search<unknown, unknown>,
  { latentSize, budget, seeds, firstSeed }: Size,
): number {
  const velocity = new Float32Array(latentSize).fill(0.1)
  let drawn = 0
  const answer = ({ wants, gradient }: Ask): Evaluation => {
    const reward = -((++drawn * 7919) % 101)
    if (wants === 'reward') return { reward }
    return { velocity, ...(wants === 'both' ? { reward } : {}), ...(gradient ? { gradient: velocity } : {}) }
  }
  const started = process.threadCpuUsage()
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    let state = search.start({ nfeBudget: budget, seed, latentSize, native: linear, outputs: 1 }, search.defaults)
    while (!search.done(state)) state = search.tell(state, search.ask(state).map(answer)).state
  }
  const { user, system } = process.threadCpuUsage(started)
  return (user + system) / drawn
}
