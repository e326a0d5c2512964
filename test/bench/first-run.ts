/**
 * `npm run bench:first-run [-- --prompts FILE --first N --seeds N --nfe 100,200,500 --out FILE]`: one ODE sample, best-of-n and
 * rbf. Prints a Markdown table of the reward, the judge's score, and how often every count is right, by how many things were
 * asked for.
 */
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { machineLine } from './machine.ts'
import { headOf, rowOf, writeReport } from './report.ts'
import { type BenchedSearch, HELD_OUT_PROMPTS, openBench, runOne, type SearchRunRecord } from './search-run.ts'

const NFES_OF_ONE_SAMPLE = 20

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: HELD_OUT_PROMPTS },
    first: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '3' },
    nfe: { type: 'string', default: '100,200,500' },
    out: { type: 'string' },
  },
})

interface Row {
  readonly name: string
  readonly search: BenchedSearch
  readonly nfe: number
}

const ROWS: readonly Row[] = [
  { name: 'ODE, one sample', search: 'best-of-n', nfe: NFES_OF_ONE_SAMPLE },
  ...values.nfe
    .split(',')
    .map(Number)
    .flatMap((nfe): Row[] => [
      { name: 'best-of-n (ODE)', search: 'best-of-n', nfe },
      { name: 'rbf', search: 'rbf', nfe },
    ]),
]

const prompts = (await readFile(values.prompts, 'utf8')).split('\n').filter(Boolean).slice(0, Number(values.first))
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)

/** Things asked for, from and to; exact scenes are told apart by it. */
const BANDS: readonly (readonly [number, number])[] = [
  [1, 6],
  [7, 10],
  [11, 15],
]
const lines = headOf([
  'search',
  'NFEs asked',
  'NFEs used',
  'reward',
  'held-out reward',
  'exact',
  'exact by the judge',
  ...BANDS.map(([from, to]) => `of ${from} to ${to} things`),
  'seconds',
])
const meanOf = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
const share = (measured: readonly SearchRunRecord[], holds: (one: SearchRunRecord) => boolean) =>
  measured.length === 0 ? '-' : meanOf(measured.map((one) => Number(holds(one)))).toFixed(2)

const bench = await openBench()
for (const { name, search, nfe } of ROWS) {
  const measured: SearchRunRecord[] = []
  for (const [promptIndex, prompt] of prompts.entries())
    for (const seed of seeds) {
      const { record } = await runOne(bench, { prompt, promptIndex, search, nfe, seed })
      measured.push(record)
    }
  const mean = (of: (one: SearchRunRecord) => number, digits = 2) => meanOf(measured.map(of)).toFixed(digits)
  const cells = [
    name,
    nfe,
    mean((one) => one.nfeUsed, 0),
    mean((one) => one.reward),
    mean((one) => one.heldOut),
    share(measured, (one) => one.exact),
    share(measured, (one) => one.heldOutExact),
    ...BANDS.map(([from, to]) =>
      share(
        measured.filter((one) => one.things >= from && one.things <= to),
        (one) => one.heldOutExact,
      ),
    ),
    mean((one) => one.seconds),
  ]
  lines.push(rowOf(cells))
  console.error(lines.at(-1))
}
await bench.model.close()
await writeReport(values.out, [
  '# The first run: one sample, best-of-n and rbf',
  '',
  `\`npm run bench:first-run -- --first ${prompts.length} --seeds ${seeds.length} --nfe ${values.nfe}\` on ${machineLine()}.`,
  `The first ${prompts.length} prompts of ${relative(process.cwd(), values.prompts)}, seeds ${seeds.join(', ')}, pack emoji-world ${bench.model.manifest.version}.`,
  "Rewards are at most 0 and higher is better. The held-out reward is that of the pack's judge, a detector of another architecture and training seed that no search has seen.",
  'The columns by number of things are of scenes that are exact by the judge.',
  'Seconds are those of the search alone, on a machine that others may use as well.',
  '',
  ...lines,
])
