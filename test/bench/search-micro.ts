/**
 * `npm run bench:search-micro`: what a search itself costs, ask and tell without any model, for each candidate: the median over whole
 * runs of each search. Ends with 1 where a search takes more than it may.
 */
import type { Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'
import { microsecondsPerCandidate } from './canned-search.ts'
import { machineLine } from './machine.ts'
import { medianOf } from './quantile.ts'
import { tableOf } from './report.ts'

const SIZES = [
  { name: '64x64', latentSize: 64 * 64, nfe: 120, runs: 9, searches: 25, limitMicroseconds: 50 },
  { name: '4096x64', latentSize: 4096 * 64, nfe: 60, runs: 3, searches: 1, limitMicroseconds: 3000 },
]

const rows = Object.entries(SEARCHES).map(([name, entry]) => {
  const search = entry as unknown as Search<unknown, unknown>
  const cells = SIZES.map(({ runs, limitMicroseconds, ...size }) => {
    const found = Array.from({ length: runs }, (_, run) =>
      microsecondsPerCandidate(search, { ...size, firstSeed: run * size.searches }),
    )
    const median = medianOf(found)
    if (!(median < limitMicroseconds)) process.exitCode = 1
    return median.toFixed(1)
  })
  return [name, ...cells]
})
console.log(`${machineLine()}\n`)
console.log(tableOf(['search', ...SIZES.map(({ name }) => `µs a candidate at ${name}`)], rows))
