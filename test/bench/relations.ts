/**
 * `npm run bench:relations [-- --first N --nfe 100 --out FILE]`: two shapes in a relation, by one ODE sample, best-of-n and rbf with
 * the rewards `count` and `vqa` added up. A scene is right by the judges when the counting one finds just the two shapes and the
 * reading one says yes to the prompt. Prints a Markdown table.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machineLine } from './machine.ts'
import { headOf, rowOf, writeReport } from './report.ts'
import { type BenchedSearch, openBench, runOne, type SearchRunRecord } from './search-run.ts'

const PROMPTS = fileURLToPath(new URL('./prompts/relations.txt', import.meta.url))
const RELATIONS = ['on top of', 'below', 'to the left of', 'to the right of']
const SEED = 1

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '48' },
    nfe: { type: 'string', default: '100' },
    out: { type: 'string' },
  },
})
const nfe = Number(values.nfe)
const ROWS: readonly { name: string; search: BenchedSearch; nfe: number }[] = [
  { name: 'ODE, one sample', search: 'best-of-n', nfe: 20 },
  { name: 'best-of-n (ODE)', search: 'best-of-n', nfe },
  { name: 'rbf', search: 'rbf', nfe },
]

const isRight = ({ heldOutExact, heldOutYes = 0 }: SearchRunRecord): boolean => heldOutExact && heldOutYes >= 0.5
const share = (records: readonly SearchRunRecord[], relation = ''): string => {
  const asked = records.filter(({ prompt }) => prompt.includes(relation))
  return (asked.filter(isRight).length / asked.length).toFixed(2)
}

const prompts = (await readFile(PROMPTS, 'utf8')).split('\n').filter(Boolean).slice(0, Number(values.first))
const lines = headOf(['search', 'NFEs used', 'right by the judges', ...RELATIONS, 'reward'])
const bench = await openBench()
for (const row of ROWS) {
  const records: SearchRunRecord[] = []
  for (const [promptIndex, prompt] of prompts.entries())
    records.push((await runOne(bench, { ...row, prompt, promptIndex, seed: SEED, reads: true })).record)
  const mean = (of: (one: SearchRunRecord) => number): number =>
    records.reduce((sum, one) => sum + of(one), 0) / records.length
  const cells = [
    row.name,
    mean(({ nfeUsed }) => nfeUsed).toFixed(0),
    share(records),
    ...RELATIONS.map((relation) => share(records, relation)),
    mean(({ reward }) => reward).toFixed(2),
  ]
  lines.push(rowOf(cells))
  console.error(lines.at(-1))
}
await bench.model.close()
await writeReport(values.out, [
  '# Relations',
  '',
  `\`npm run bench:relations -- --first ${prompts.length} --nfe ${nfe}\` on ${machineLine()}: the first ${prompts.length} prompts of test/bench/prompts/relations.txt, seed ${SEED}, pack emoji-world ${bench.model.manifest.version}.`,
  'The reward is `count` + `vqa`. Right by the judges: the counting judge finds just the two shapes, and the reading judge says yes to the prompt.',
  '',
  ...lines,
])
