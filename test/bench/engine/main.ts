/**
 * `npm run bench -- --quick [--json FILE] [--only graph_share,...]`: the engine against the bare graphs, PyTorch, two model servers and itself.
 *
 * Prints a Markdown table, and writes the figures as JSON. A figure that cannot be had here is null, with the reason under `missing`.
 * Pythons of the baselines: --lab-python (with what gpu-runner/lab needs), --litserve-python, --bentoml-python; the last two are
 * made in a temporary folder where they are not given.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Model, openModel } from '../../../gpu-runner/engine/model.ts'
import { loadNow, machineLine, readMachine } from '../machine.ts'
import { medianOf } from '../quantile.ts'
import { headOf, rowOf } from '../report.ts'
import { measureConcurrency } from './concurrent.ts'
import { generate, MAX_BATCH, nfePerSecond, PACK_FOLDER, type Plan } from './generation.ts'
import { measureOverhead } from './overhead.ts'
import { Missing } from './python.ts'
import { comparePytorch } from './pytorch.ts'
import { compareServed, type ServerName } from './served.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    'lab-python': { type: 'string' },
    'litserve-python': { type: 'string' },
    'bentoml-python': { type: 'string' },
  },
})
const [NFE, REPEATS] = flags.quick ? [100, 3] : [100, 9]
const THREADS = availableParallelism()
const PLAN: Plan = { search: 'rbf', nfe: NFE, seed: 1 }

/** One figure, what it was computed from, and what it should be. */
interface Subject {
  readonly name: string
  readonly what: string
  readonly target: string
  measure(model: Model): Promise<{ value: number; details: object }>
}

const served = (server: ServerName, title: string): Subject => ({
  name: `vs_${server}`,
  what: `NFE/s over the same graphs behind ${title}`,
  target: '>= 3',
  measure: async (model) => {
    const compared = await compareServed(server, {
      model,
      plan: PLAN,
      repeats: REPEATS,
      threads: THREADS,
      python: flags[`${server}-python`],
    })
    return { value: compared.ratio, details: compared }
  },
})

const SUBJECTS: readonly Subject[] = [
  {
    name: 'graph_share',
    what: 'share of the wall time of one rbf generation that is inside the graphs',
    target: '>= 0.97',
    measure: async (model) => {
      const runs = []
      for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await generate(model, PLAN))
      const shares = runs.map(({ graphMs, wallMs }) => graphMs / wallMs)
      return { value: medianOf(shares), details: { shares, nfePerSecond: medianOf(runs.map(nfePerSecond)) } }
    },
  },
  {
    name: 'vs_pytorch',
    what: "NFE/s over PyTorch eager with the authors' loop, same weights, NFEs and batch",
    target: '>= 1.5',
    measure: async (model) => {
      const compared = await comparePytorch(model, {
        nfe: NFE,
        repeats: REPEATS,
        threads: THREADS,
        python: flags['lab-python'],
      })
      return { value: compared.ratio, details: compared }
    },
  },
  served('litserve', 'LitServe'),
  served('bentoml', 'BentoML'),
  {
    name: 'concurrent16_ratio',
    what: 'aggregate NFE/s of 16 generations at once over one at a time',
    target: '>= 1.3',
    measure: async (model) => {
      const measured = await measureConcurrency(model, { search: 'rbf', nfe: NFE / 2 })
      return { value: measured.ratio, details: measured }
    },
  },
  {
    name: 'overhead_mb',
    what: 'MB of the runner beyond graphs and sessions, Node included',
    target: '<= 200',
    measure: async () => {
      const measured = await measureOverhead()
      return { value: measured.overheadMb, details: measured }
    },
  },
]

const model = await openModel({ packFolder: PACK_FOLDER, threads: THREADS, maxBatch: MAX_BATCH })
// Warms up: code is compiled, memory is grown.
await generate(model, PLAN)
const only = flags.only?.split(',')
const figures: Record<string, number | null> = {}
const details: Record<string, object> = {}
const missing: Record<string, string> = {}
const loads = [loadNow()]
const rows = headOf(['figure', 'measured', 'to reach', 'what'])
for (const { name, what, target, measure } of SUBJECTS) {
  if (only !== undefined && !only.includes(name)) continue
  try {
    const { value, details: found } = await measure(model)
    figures[name] = Number(value.toPrecision(4))
    details[name] = found
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    figures[name] = null
    missing[name] = error.message
  }
  console.error(`${name}: ${figures[name] ?? missing[name]}`)
  loads.push(loadNow())
  rows.push(rowOf([name, figures[name] ?? `none: ${missing[name]}`, target, what]))
}
await model.close()

const machine = { ...readMachine(), threads: THREADS, load: [Math.min(...loads), Math.max(...loads)] }
const report = {
  machine,
  pack: `${model.manifest.name} ${model.manifest.version}`,
  nfe: NFE,
  ...figures,
  details,
  missing,
}
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`)
console.log(`${machineLine(loads)}; ${report.pack}\n`)
console.log(rows.join('\n'))
