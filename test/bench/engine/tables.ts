/** The tables that the full run makes beside the ratios. */
import { tableOf } from '../report.ts'
import { measureAtOnce } from './at-once.ts'
import type { Table } from './measurement.ts'

const AT_ONCE = [1, 4, 16, 64]

const atOnce: Table = {
  name: 'at_once',
  measure: async ({ model, plan }) => {
    const rows = []
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
    return { details: rows, markdown }
  },
}

export const TABLES: readonly Table[] = [atOnce]
