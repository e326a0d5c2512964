/** The tables that the full run makes beside the ratios. */
import { edgeMarkdown } from '../edge/markdown.ts'
import { measureEdge } from '../edge/measure-edge.ts'
import { plotPanels } from '../plot-panels.ts'
import { rounded } from '../quantile.ts'
import { tableOf } from '../report.ts'
import { measureAccounts, measureStored, type Taken } from '../table-growth.ts'
import { type AtOnce, measureAtOnce } from './at-once.ts'
import { bySeconds } from './by-seconds.ts'
import { lanes, latentSizes, nfes } from './growth.ts'
import type { Table } from './measurement.ts'

const AT_ONCE = [1, 4, 16, 64]
const EDGE_REQUESTS = 400
const ACCOUNTS = [1, 100, 10_000]
const STORED = [10_000, 100_000, 1_000_000]

const atOnce: Table = {
  name: 'at_once',
  measure: async ({ model, plan }) => {
    const rows: AtOnce[] = []
    for (const count of AT_ONCE) rows.push(await measureAtOnce(model, { ...plan, nfe: plan.nfe / 2 }, count))
    const markdown = tableOf(
      ['generations at once', 'NFE/s together', 'seconds of one, p50', 'p95', 'batch fill'],
      rows.map((row) => [
        row.at_once,
        row.nfe_per_second.toFixed(1),
        row.seconds_p50.toFixed(2),
        row.seconds_p95.toFixed(2),
        row.batch_fill.toFixed(2),
      ]),
    )
    const line = (name: string, of: (row: AtOnce) => number) => ({
      name,
      points: rows.map((row) => ({ x: row.at_once, y: of(row) })),
    })
    const panels = [
      { title: 'NFE/s together', x: 'generations at once', lines: [line('NFE/s', (row) => row.nfe_per_second)] },
      {
        title: 'seconds of one',
        x: 'generations at once',
        lines: [line('p50', (row) => row.seconds_p50), line('p95', (row) => row.seconds_p95)],
      },
    ]
    const alt = 'Generations at once: NFEs a second together, and the seconds of one'
    return { details: rows, markdown, plot: { name: 'at-once', alt, svg: plotPanels(panels) } }
  },
}

const spell = ({ p50, p95 }: Taken): string => `${p50.toFixed(1)} (${p95.toFixed(1)})`

const accounts: Table = {
  name: 'accounts',
  measure: async () => {
    const rows = await measureAccounts(ACCOUNTS)
    const markdown = tableOf(
      ['accounts', 'create, ms p50 (p95)', 'get the account', "page of the administration's list"],
      rows.map((row) => [row.accounts, spell(row.create), spell(row.account), spell(row.list)]),
    )
    return { details: rows, markdown }
  },
}

const storedGenerations: Table = {
  name: 'stored_generations',
  measure: async () => {
    const { rows, fillSeconds } = await measureStored(STORED)
    const table = tableOf(
      [
        'stored',
        'newest page, ms p50 (p95)',
        'page far back',
        'get',
        'create',
        'usage of a day',
        'usage of four weeks',
      ],
      rows.map((row) => [
        row.generations,
        ...[row.newest, row.oldest, row.get, row.create, row.usage_day, row.usage_weeks].map(spell),
      ]),
    )
    const markdown = `${table}\n\nWritten in ${fillSeconds.toFixed(0)} seconds.`
    return { details: { rows, fill_seconds: rounded(fillSeconds) }, markdown }
  },
}

const edge: Table = {
  name: 'edge',
  measure: async () => {
    const report = await measureEdge(EDGE_REQUESTS)
    return { details: report, markdown: edgeMarkdown(report) }
  },
}

export const TABLES: readonly Table[] = [atOnce, nfes, lanes, latentSizes, accounts, storedGenerations, edge, bySeconds]
