/** The benchmark's records as Markdown and as a drawing. */
import type { SearchRunRecord } from './search-run.ts'
import { bootstrap, type Interval, pairedDifferences } from './search-statistics.ts'

interface Group {
  readonly search: string
  readonly nfe: number
  readonly runs: readonly SearchRunRecord[]
}

/** One row for each search and budget, then each paired difference to the baseline at the same budget, at twice and at five times as many NFEs. */
export function markdownOf(records: readonly SearchRunRecord[], baseline: string): string {
  const groups = groupsOf(records)
  return [
    '| search | NFEs asked | NFEs used | runs | reward | held-out score | exact | exact by the judge | reward calls | seconds |',
    '| --- | ---: | ---: | ---: | --- | --- | ---: | ---: | ---: | ---: |',
    ...groups.map(({ search, nfe, runs }) => {
      const mean = (of: (run: SearchRunRecord) => number) => runs.reduce((sum, run) => sum + of(run), 0) / runs.length
      const interval = (of: (run: SearchRunRecord) => number) => spell(bootstrap(byPrompt(runs, of)))
      const shares = [mean((run) => Number(run.exact)), mean((run) => Number(run.heldOutExact))].map((share) =>
        share.toFixed(2),
      )
      const costs = [mean((run) => run.rewardCalls).toFixed(0), mean((run) => run.seconds).toFixed(1)]
      const cells = [
        search,
        nfe,
        mean((run) => run.nfeUsed).toFixed(0),
        runs.length,
        interval((run) => run.reward),
        interval((run) => run.heldOut),
        ...shares,
        ...costs,
      ]
      return `| ${cells.join(' | ')} |`
    }),
    '',
    ...comparisons(groups, baseline),
  ].join('\n')
}

function comparisons(groups: readonly Group[], baseline: string): string[] {
  const rows = groups
    .filter(({ search }) => search !== baseline)
    .flatMap((group) => {
      return [1, 2, 5].flatMap((factor) => {
        const other = groups.find(({ search, nfe }) => search === baseline && nfe === group.nfe * factor)
        if (other === undefined) return []
        const difference = (of: (run: SearchRunRecord) => number) => {
          return spell(bootstrap(pairedDifferences(scored(group.runs, of), scored(other.runs, of))))
        }
        return [
          `| ${group.search}, ${group.nfe} | ${baseline}, ${other.nfe} | ${difference((run) => run.reward)} | ${difference((run) => run.heldOut)} |`,
        ]
      })
    })
  if (rows.length === 0) return []
  return [
    '| search, NFEs | against | reward, paired difference | held-out score, paired difference |',
    '| --- | --- | --- | --- |',
    ...rows,
  ]
}

/** Held-out score (full lines) and reward (dashed) against NFEs asked, on a logarithmic axis. */
export function svgOf(records: readonly SearchRunRecord[]): string {
  const groups = groupsOf(records)
  const searches = [...new Set(groups.map(({ search }) => search))]
  const nfes = [...new Set(groups.map(({ nfe }) => nfe))].sort((a, b) => a - b)
  const means = groups.map(({ search, nfe, runs }) => ({
    search,
    nfe,
    heldOut: average(runs, (run) => run.heldOut),
    reward: average(runs, (run) => run.reward),
  }))
  const lowest = Math.min(...means.flatMap(({ heldOut, reward }) => [heldOut, reward]))
  const [first = 1, last = 1] = [nfes[0], nfes.at(-1)]
  const x = (nfe: number) => 60 + (first === last ? 260 : (520 * Math.log(nfe / first)) / Math.log(last / first))
  const y = (value: number) => 30 + (320 * value) / Math.min(lowest, -1)
  const line = (search: string, of: 'heldOut' | 'reward', dash: string, i: number) => {
    const points = means.filter((one) => one.search === search).sort((a, b) => a.nfe - b.nfe)
    const path = points.map((one) => `${x(one.nfe).toFixed(1)},${y(one[of]).toFixed(1)}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="${hue(i, searches.length)}" stroke-width="2"${dash}/>`
  }
  const ticks = Array.from({ length: 5 }, (_, i) => (Math.min(lowest, -1) * i) / 4)
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 410" font-family="sans-serif" font-size="12">',
    '<rect width="760" height="410" fill="white"/>',
    ...ticks.map(
      (value) =>
        `<path d="M60 ${y(value).toFixed(1)}H580" stroke="#ddd"/><text x="54" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toFixed(1)}</text>`,
    ),
    ...nfes.map((nfe) => `<text x="${x(nfe).toFixed(1)}" y="372" text-anchor="middle">${nfe}</text>`),
    '<text x="320" y="395" text-anchor="middle">NFEs asked; full: held-out score, dashed: reward</text>',
    ...searches.flatMap((search, i) => [
      line(search, 'heldOut', '', i),
      line(search, 'reward', ' stroke-dasharray="3 4"', i),
      `<text x="592" y="${40 + 18 * i}" fill="${hue(i, searches.length)}">${search}</text>`,
    ]),
    '</svg>',
    '',
  ].join('\n')
}

function groupsOf(records: readonly SearchRunRecord[]): Group[] {
  const groups = Map.groupBy(records, ({ search, nfe }) => `${search} ${nfe}`)
  return [...groups.values()].flatMap((runs) => {
    const [first] = runs
    return first === undefined ? [] : [{ search: first.search, nfe: first.nfe, runs }]
  })
}

function scored(runs: readonly SearchRunRecord[], of: (run: SearchRunRecord) => number) {
  return runs.map((run) => ({ promptIndex: run.promptIndex, value: of(run) }))
}

function byPrompt(runs: readonly SearchRunRecord[], of: (run: SearchRunRecord) => number): number[] {
  const zeros = runs.map(({ promptIndex }) => ({ promptIndex, value: 0 }))
  return pairedDifferences(scored(runs, of), zeros)
}

function average(runs: readonly SearchRunRecord[], of: (run: SearchRunRecord) => number): number {
  return runs.reduce((sum, run) => sum + of(run), 0) / runs.length
}

function spell({ mean, low, high }: Interval): string {
  return `${mean.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function hue(i: number, n: number): string {
  return `hsl(${Math.round((360 * i) / n)} 70% 42%)`
}
