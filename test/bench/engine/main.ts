/**
 * `npm run bench [-- --quick] [--json FILE] [--provider cuda] [--only graph_share,at_once,...]`: the engine against the bare graphs,
 * PyTorch, two model servers and itself, and how its costs grow.
 *
 * `--quick` measures the ratios only, in less than ten minutes. Otherwise the tables follow, with more repeats, and docs/results/performance.md
 * is filled with what was measured (performance-cuda.md with another provider). Both print Markdown, and write the figures
 * as JSON. A figure that cannot be had here is null, with the reason under `missing`.
 * Pythons of the baselines: --lab-python (with what gpu-runner/lab needs), --litserve-python, --bentoml-python; the last two are
 * made in a temporary folder where they are not given.
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { EngineSettings } from '../../../gpu-runner/calibrate/choose-settings.ts'
import { keptSettings } from '../../../gpu-runner/calibrate/keep-settings.ts'
import { type Model, openModel } from '../../../gpu-runner/engine/model.ts'
import { PROVIDERS, type Provider } from '../../../gpu-runner/pack/providers.ts'
import { PackError } from '../../../gpu-runner/pack/read-pack.ts'
import { GRAPH_NAMES } from '../../../gpu-runner/pack/session.ts'
import { loadNow, machineLine, readMachine } from '../machine.ts'
import { rounded } from '../quantile.ts'
import { tableOf } from '../report.ts'
import { endChildrenWithUs, temporaryFolder } from './children.ts'
import { FIGURES } from './figures.ts'
import { generate, MAX_BATCH, PACK_FOLDER, type Plan } from './generation.ts'
import type { Bench, Figure } from './measurement.ts'
import { plotFile, writePage, writePlot } from './page.ts'
import { Missing } from './python.ts'
import { TABLES } from './tables.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
    provider: { type: 'string', default: 'cpu' },
    'lab-python': { type: 'string' },
    'litserve-python': { type: 'string' },
    'bentoml-python': { type: 'string' },
  },
})
/** Generations until code is compiled and memory grown, as in a runner that has worked for some seconds. */
const WARM_UP = 8
const PLAN: Plan = { search: 'rbf', nfe: 100, seed: 1 }
const provider = PROVIDERS.find((name) => name === flags.provider)
const tables = flags.quick ? [] : TABLES
const names = [...FIGURES, ...tables].map(({ name }) => name)
const only = flags.only?.split(',') ?? names
if (provider === undefined) refuse(`no provider "${flags.provider}"; there are ${PROVIDERS.join(', ')}`)
const unknown = only.find((name) => !names.includes(name))
if (unknown !== undefined) refuse(`nothing here measures "${unknown}"; there are ${names.join(', ')}`)

endChildrenWithUs()
const settings = await suitingSettings(provider)
const model = await open(provider, settings)
const oneSession = settings.sessions === 1 ? model : await open(provider, { ...settings, sessions: 1 })
const bench: Bench = {
  model,
  oneSession,
  provider,
  settings,
  plan: PLAN,
  repeats: flags.quick ? 3 : 9,
  pythons: {
    lab: flags['lab-python'],
    litserve: flags['litserve-python'],
    bentoml: flags['bentoml-python'],
  },
}
for (const each of [model, oneSession])
  for (let generation = 0; generation < WARM_UP; generation++) await generate(each, PLAN)
const pack = `${model.manifest.name} ${model.manifest.version}`
const loads: number[] = [loadNow()]
const ratios = await measureFigures()
const measured = await measureTables()
for (const each of new Set([model, oneSession])) await each.close()

const report = {
  machine: { ...readMachine(), load: [Math.min(...loads), Math.max(...loads)] },
  settings,
  provider,
  pack,
  nfe: PLAN.nfe,
  ...ratios.values,
  ...measured.details,
  details: ratios.details,
  missing: ratios.missing,
}
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(report, null, 2)}\n`)
const blocks = { ...ratios.blocks, ...measured.blocks }
console.log(`${machineLine(loads)}; ${pack}\n\n${Object.values(blocks).join('\n\n')}`)
if (!flags.quick) {
  for (const [name, svg] of Object.entries(measured.plots)) await writePlot(name, svg)
  console.error(await writePage(provider, blocks))
}

/** What a runner measures at its first start, measured anew; a GPU has one session. */
async function suitingSettings(provider: Provider): Promise<EngineSettings> {
  if (provider === 'cpu') return keptSettings({ packFolder: PACK_FOLDER, folder: await temporaryFolder('calibration') })
  const threads = Object.fromEntries(GRAPH_NAMES.map((graph) => [graph, availableParallelism()]))
  return { threads: threads as EngineSettings['threads'], sessions: 1 }
}

async function open(provider: Provider, settings: EngineSettings): Promise<Model> {
  try {
    return await openModel({ packFolder: PACK_FOLDER, maxBatch: MAX_BATCH, provider, ...settings })
  } catch (error) {
    if (provider === 'cpu' || !(error instanceof PackError)) throw error
    return refuse(
      `${error.message}\nThe GPU's libraries are installed by: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`,
    )
  }
}

/** The figures asked for, each with what was found or why not. */
async function measureFigures() {
  const values: Record<string, number | null> = {}
  const details: Record<string, object> = {}
  const missing: Record<string, string> = {}
  const before = loads.length - 1
  const rows = []
  for (const { name, what, goal, measure } of FIGURES.filter(({ name }) => only.includes(name))) {
    values[name] = null
    let row: (string | number)[] = []
    try {
      const { value, from, details: found } = await measure(bench)
      values[name] = rounded(value)
      details[name] = found
      row = [rounded(value), spellGoal(goal, value), from]
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      missing[name] = error.message
      row = ['none', '', error.message]
    }
    tell(name, String(values[name] ?? missing[name]))
    rows.push([`\`${name}\`: ${what}`, ...row])
  }
  const table = tableOf(['figure', 'measured', 'to reach', 'from'], rows)
  return { values, details, missing, blocks: rows.length === 0 ? {} : { ratios: withMachine(table, before) } }
}

async function measureTables() {
  const details: Record<string, object> = {}
  const blocks: Record<string, string> = {}
  const plots: Record<string, string> = {}
  for (const { name, measure } of tables.filter(({ name }) => only.includes(name))) {
    const before = loads.length - 1
    const found = await measure(bench)
    details[name] = found.details
    tell(name, `\n${found.markdown}`)
    blocks[name] = withMachine(found.markdown, before)
    if (found.plot === undefined) continue
    const file = plotFile(bench.provider, found.plot.name)
    plots[file] = found.plot.svg
    blocks[name] += `\n\n![${found.plot.alt}](${file})`
  }
  return { details, blocks, plots }
}

function tell(name: string, what: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${name}: ${what}`)
  loads.push(loadNow())
}

/** With the loads since `from`: each part of a run can be made anew by itself. */
function withMachine(table: string, from: number): string {
  const date = new Date().toISOString().slice(0, 10)
  const { velocity, fused } = settings.threads
  const engine = `threads of the network ${velocity}, of decoder and reward ${fused}; sessions ${settings.sessions}`
  return `${table}\n\n${date}, ${machineLine(loads.slice(from))}; ${pack}, ${provider}; ${engine}.`
}

function spellGoal(goal: Figure['goal'], value: number): string {
  const [text, reached] =
    'least' in goal ? [`${goal.least} or more`, value >= goal.least] : [`${goal.most} or less`, value <= goal.most]
  return `${text}: ${reached ? 'reached' : 'missed'}`
}

function refuse(reason: string): never {
  console.error(reason)
  process.exit(2)
}
