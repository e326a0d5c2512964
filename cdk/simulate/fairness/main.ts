/**
 * `npm run simulate:fairness -- [--seed N] [--write]`: what one flooding account does to the waits of ninety-nine others, with the
 * code by which edge and runner decide what is queued. `--write` puts the table into docs/results/fairness.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../../constructs/root.ts'
import { compareQueues, LOADS, table } from './compare.ts'

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, write: { type: 'boolean' } } })
const rows = LOADS.flatMap((loads) =>
  [1, 4, 20].map((tasks) => compareQueues({ ...loads, tasks, seed: Number(values.seed) })),
)
const text = table(rows)
console.log(text)
if (values.write === true) {
  const page = join(ROOT, 'docs/results/fairness.md')
  const place = /(?<=<!-- simulated -->\n)[\s\S]*(?=<!-- \/simulated -->)/
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(place, () => `\n${text}\n\n`),
  )
}
