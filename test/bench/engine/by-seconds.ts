/** What a search finds by the seconds it takes, beside what it finds by its NFEs: an NFE that waits for its reward takes longer than one in a full batch. */
import { readFile } from 'node:fs/promises'
import { openJudge } from '../judge.ts'
import { type Panel, plotPanels } from '../plot-panels.ts'
import { rounded } from '../quantile.ts'
import { tableOf } from '../report.ts'
import { type BenchedSearch, HELD_OUT_PROMPTS, PACK_FOLDER, runOne, type SearchRunRecord } from '../search-run.ts'
import type { Bench, Table } from './measurement.ts'

const SEARCHES: readonly BenchedSearch[] = ['best-of-n', 'rbf']
const NFES = [10, 20, 50, 100, 200]
/** Every third of the held-out prompts, which are of all sizes. */
const EVERY = 3
const SEED = 1

interface Row {
  readonly search: BenchedSearch
  readonly nfe: number
  readonly nfe_used: number
  readonly seconds: number
  readonly reward: number
  readonly held_out_reward: number
  /** Share of the images that are exact by the judge, which no search has seen. */
  readonly exact_by_judge: number
}

async function measureRows({ model }: Bench, prompts: readonly string[]): Promise<Row[]> {
  const judge = await openJudge(PACK_FOLDER)
  const rows = []
  for (const nfe of NFES)
    for (const search of SEARCHES) {
      const records: SearchRunRecord[] = []
      for (const [promptIndex, prompt] of prompts.entries())
        records.push((await runOne({ model, judge }, { prompt, promptIndex, search, nfe, seed: SEED })).record)
      const mean = (of: (one: SearchRunRecord) => number) =>
        rounded(records.reduce((sum, one) => sum + of(one), 0) / records.length)
      rows.push({
        search,
        nfe,
        nfe_used: mean(({ nfeUsed }) => nfeUsed),
        seconds: mean(({ seconds }) => seconds),
        reward: mean(({ reward }) => reward),
        held_out_reward: mean(({ heldOut }) => heldOut),
        exact_by_judge: mean(({ heldOutExact }) => Number(heldOutExact)),
      })
    }
  return rows
}

const panel = (rows: readonly Row[], of: { y: 'reward' | 'exact_by_judge'; x: 'nfe_used' | 'seconds' }): Panel => ({
  title: of.y === 'reward' ? 'reward (0 is exact)' : 'share exact by the judge',
  x: of.x === 'seconds' ? 'seconds' : 'NFEs',
  lines: SEARCHES.map((name) => ({
    name,
    points: rows.filter(({ search }) => search === name).map((row) => ({ x: row[of.x], y: row[of.y] })),
  })),
})

export const bySeconds: Table = {
  name: 'by_seconds',
  measure: async (bench) => {
    const all = (await readFile(HELD_OUT_PROMPTS, 'utf8')).split('\n').filter(Boolean)
    const prompts = all.filter((_, at) => at % EVERY === 0)
    const rows = (await measureRows(bench, prompts)).toSorted((a, b) => a.search.localeCompare(b.search))
    const table = tableOf(
      ['search', 'NFEs used', 'seconds', 'reward', 'held-out reward', 'exact by the judge'],
      rows.map((row) => [
        row.search,
        row.nfe_used.toFixed(0),
        row.seconds.toFixed(2),
        row.reward.toFixed(2),
        row.held_out_reward.toFixed(2),
        row.exact_by_judge.toFixed(2),
      ]),
    )
    const panels = (['exact_by_judge', 'reward'] as const).flatMap((y) => [
      panel(rows, { y, x: 'nfe_used' }),
      panel(rows, { y, x: 'seconds' }),
    ])
    const alt = 'What two searches find, by NFEs and by seconds'
    return {
      details: rows,
      markdown: `${table}\n\nMeans of ${prompts.length} held-out prompts, one seed.`,
      plot: { name: 'by-seconds', alt, svg: plotPanels(panels) },
    }
  },
}
