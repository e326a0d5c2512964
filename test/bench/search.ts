/**
 * `npm run bench:search`: searches of the table on the embedded pack, by the reward they maximise and by a judge they never saw.
 *
 *   --prompts FILE    prompts one a line; the held-out list unless said
 *   --first N         only the first N of them
 *   --searches a,b    all but `gradient` (the pack has no gradient graph) unless said; a:500 runs a at 500 NFEs only
 *   --nfe 100,500     25,50,100,200,500,1000 unless said
 *   --seeds N         seeds 1 to N; 3 unless said
 *   --save DIR        each final PNG as DIR/SEARCH/PROMPTINDEX-SEED.png (DIR/SEARCH-NFE/ where there are several budgets)
 *   --json OUT        one record a run, as a JSON array with one record a line
 *   --report DIR      DIR/search.md and DIR/search.svg
 *   --baseline NAME   the search that others are compared to; best-of-n unless said
 *   --minutes N       start nothing more after N minutes; every seed goes through all prompts before the next
 *   --quick           six prompts, one seed, four searches, 25 to 100 NFEs; ends within ten minutes on two cores
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'
import { machineLine } from './machine.ts'
import { markdownOf, svgOf } from './search-report.ts'
import {
  type BenchedSearch,
  benchedSettings,
  HELD_OUT_PROMPTS,
  openBench,
  runOne,
  type SearchRunRecord,
} from './search-run.ts'

const QUICK_MINUTES = 9.5

const { values } = parseArgs({
  options: {
    prompts: { type: 'string', default: HELD_OUT_PROMPTS },
    first: { type: 'string' },
    searches: { type: 'string' },
    nfe: { type: 'string' },
    seeds: { type: 'string' },
    save: { type: 'string' },
    json: { type: 'string' },
    report: { type: 'string' },
    minutes: { type: 'string' },
    baseline: { type: 'string', default: 'best-of-n' },
    quick: { type: 'boolean', default: false },
  },
})

const known = Object.keys(SEARCHES) as BenchedSearch[]
const quick = values.quick
  ? { searches: 'best-of-n,funnel,svdd,rbf', nfe: '25,50,100', seeds: '1', first: '6' }
  : undefined
const names = (values.searches ?? quick?.searches)?.split(',') ?? known.filter((name) => name !== 'gradient')
const nfes = wholeNumbers(values.nfe ?? quick?.nfe ?? '25,50,100,200,500,1000')
const entries = names.flatMap((entry) => {
  const [name, only] = entry.split(':')
  const search = known.find((one) => one === name) ?? refuse(`no search "${name}"; there are ${known.join(', ')}`)
  return (only === undefined ? nfes : wholeNumbers(only)).map((nfe) => ({ search, nfe }))
})
const [seeds = 3] = wholeNumbers(values.seeds ?? quick?.seeds ?? '3')
const [first = Number.MAX_SAFE_INTEGER] = wholeNumbers(values.first ?? quick?.first ?? '1000000')
const prompts = (await readFile(values.prompts, 'utf8'))
  .split('\n')
  .map((line) => line.trim())
  .filter(Boolean)
  .slice(0, first)

const minutes = values.quick ? QUICK_MINUTES : Number(values.minutes ?? Number.POSITIVE_INFINITY)
const started = performance.now()
const records: SearchRunRecord[] = []
const bench = await openBench()

runs: for (let seed = 1; seed <= seeds; seed++) {
  for (const [promptIndex, prompt] of prompts.entries()) {
    if (performance.now() - started > minutes * 60_000) break runs
    // All searches of a prompt, or none: an early end leaves whole comparisons out.
    for (const { search, nfe } of entries) {
      const settings = await benchedSettings(search)
      const { record, png } = await runOne(bench, { prompt, promptIndex, search, nfe, seed, settings })
      records.push(record)
      if (values.save !== undefined) await savePng(values.save, record, png)
      process.stderr.write(`${JSON.stringify(record)}\n`)
    }
  }
}
await bench.model.close()

if (values.json !== undefined)
  await writeFile(values.json, `[\n${records.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
const table = markdownOf(records, values.baseline)
console.log(table)
if (values.report !== undefined) {
  await mkdir(values.report, { recursive: true })
  await writeFile(join(values.report, 'search.svg'), svgOf(records))
  await writeFile(join(values.report, 'search.md'), reportOf(table))
}

function reportOf(table: string): string {
  return [
    '# Searches on emoji-world',
    '',
    `\`npm run bench:search -- ${process.argv.slice(2).join(' ')}\` on ${machineLine()}.`,
    `${prompts.length} prompts, ${seeds} seeds. Rewards are at most 0 and higher is better; the held-out score is the judge's reward of the same image.`,
    'Brackets: 95 % bootstrap over prompts; differences are paired by prompt.',
    '',
    table,
    '',
    '![reward and held-out score against NFEs](search.svg)',
    '',
  ].join('\n')
}

async function savePng(
  folder: string,
  { search, nfe, promptIndex, seed }: SearchRunRecord,
  png: Uint8Array,
): Promise<void> {
  const into = join(folder, new Set(entries.map((one) => one.nfe)).size === 1 ? search : `${search}-${nfe}`)
  await mkdir(into, { recursive: true })
  await writeFile(join(into, `${promptIndex}-${seed}.png`), png)
}

function wholeNumbers(text: string): number[] {
  const numbers = text.split(',').map(Number)
  if (!numbers.every((one) => Number.isSafeInteger(one) && one >= 1))
    refuse(`"${text}" is no list of whole numbers >= 1`)
  return numbers
}

function refuse(reason: string): never {
  console.error(reason)
  process.exit(2)
}
