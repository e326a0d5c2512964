/** How the cost of a search grows: with its NFEs, its lanes, and the size of a latent. */
import type { Model } from '../../../gpu-runner/engine/model.ts'
import type { Search } from '../../../gpu-runner/search/search.ts'
import { SEARCHES, type SearchName } from '../../../gpu-runner/search/searches.ts'
import { microsecondsPerCandidate } from '../canned-search.ts'
import { medianOf, rounded } from '../quantile.ts'
import { tableOf } from '../report.ts'
import { type Generation, generate, nfePerSecond, type Plan } from './generation.ts'
import type { Table } from './measurement.ts'

const NFES = [10, 30, 100, 300, 1000]
const LANES = [1, 2, 4, 8, 16]
const NFE_OF_LANES = 200
/** At least this many NFEs are spent on a row: short generations are repeated. */
const NFE_OF_A_ROW = 300
/** Rows and columns of a latent: emoji-world's, and up to FLUX.1's at 1024 x 1024 pixels. */
const LATENTS = [
  [64, 32],
  [64, 64],
  [256, 64],
  [1024, 64],
  [4096, 64],
] as const
const CANNED: readonly SearchName[] = ['best-of-n', 'rbf', 'rbf-paper', 'smc']
/** Numbers that a row's searches go through, about: small latents are repeated, for the processor's clock ticks in milliseconds. */
const NUMBERS_OF_A_ROW = 60 * 4096 * 64
const NFE_OF_CANNED = 60

interface GenerationCost {
  readonly nfe: number
  readonly seconds: number
  readonly nfe_per_second: number
  readonly graph_share: number
  /** Milliseconds of the wall that were not inside a graph, for each NFE. */
  readonly outside_ms_per_nfe: number
}

async function costOf(model: Model, plan: Plan, repeats: number): Promise<GenerationCost> {
  const runs: Generation[] = []
  for (let repeat = 0; repeat < repeats; repeat++) runs.push(await generate(model, { ...plan, seed: repeat }))
  const median = (of: (run: Generation) => number) => rounded(medianOf(runs.map(of)))
  return {
    nfe: median(({ nfe }) => nfe),
    seconds: median(({ wallMs }) => wallMs / 1000),
    nfe_per_second: median(nfePerSecond),
    graph_share: median(({ graphMs, wallMs }) => graphMs / wallMs),
    outside_ms_per_nfe: median(({ graphMs, wallMs, nfe }) => (wallMs - graphMs) / nfe),
  }
}

const COST_HEAD = ['NFEs used', 'seconds', 'NFE/s', 'share inside the graphs', 'ms outside the graphs, an NFE']
const costCells = (cost: GenerationCost) => [
  cost.nfe,
  cost.seconds.toFixed(2),
  cost.nfe_per_second.toFixed(1),
  cost.graph_share.toFixed(3),
  cost.outside_ms_per_nfe.toFixed(2),
]

export const nfes: Table = {
  name: 'nfes',
  measure: async ({ oneSession, plan }) => {
    const rows = []
    for (const nfe of NFES)
      rows.push(await costOf(oneSession, { ...plan, nfe }, Math.max(1, Math.ceil(NFE_OF_A_ROW / nfe))))
    return { details: rows, markdown: tableOf(COST_HEAD, rows.map(costCells)) }
  },
}

export const lanes: Table = {
  name: 'lanes',
  measure: async ({ oneSession, plan }) => {
    const rows = []
    for (const lanes of LANES) {
      const withLanes = { ...plan, nfe: NFE_OF_LANES, settings: { lanes } }
      rows.push({ lanes, ...(await costOf(oneSession, withLanes, 3)) })
    }
    const markdown = tableOf(
      ['lanes', ...COST_HEAD],
      rows.map((row) => [row.lanes, ...costCells(row)]),
    )
    return { details: rows, markdown }
  },
}

export const latentSizes: Table = {
  name: 'latent_sizes',
  measure: async () => {
    const rows = LATENTS.map(([rows, columns]) => {
      const latentSize = rows * columns
      const searches = Math.max(1, Math.round(NUMBERS_OF_A_ROW / (NFE_OF_CANNED * latentSize)))
      const microseconds = CANNED.map((name) => {
        const search = SEARCHES[name] as unknown as Search<unknown, unknown>
        const size = { latentSize, nfe: NFE_OF_CANNED, searches }
        const found = [0, 1, 2].map((run) => microsecondsPerCandidate(search, { ...size, firstSeed: run * searches }))
        return [name, rounded(medianOf(found))] as const
      })
      return { latent: `${rows} x ${columns}`, microseconds_per_candidate: Object.fromEntries(microseconds) }
    })
    const markdown = tableOf(
      ['latent', ...CANNED.map((name) => `${name}, µs a candidate`)],
      rows.map(({ latent, microseconds_per_candidate: found }) => [
        latent,
        ...CANNED.map((name) => (found[name] ?? Number.NaN).toFixed(1)),
      ]),
    )
    return { details: rows, markdown }
  },
}
