/**
 * `npm run bench:runner [-- --json --nfe 100 --repeats 5 --threads 2 --search rbf]`: how much of a generation is the network itself.
 *
 * Each repeat is one whole generation through the model thread (conditions, search, image, PNG) between two bare loops
 * over the same batches, whose mean stands against it, so that a machine that slows down favours neither.
 * Share = time inside the graphs / wall time of the generation. The graphs' time is taken around each run in the thread;
 * the bare loop checks that figure, for it has no clock inside.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { openModel } from '../../gpu-runner/engine/model.ts'
import { SEARCHES, type SearchName } from '../../gpu-runner/search/searches.ts'
import { type Batch, batchesOf, loopBare, openBareGraphs } from './engine/bare-graphs.ts'
import {
  callsOf,
  type Generation,
  generate,
  MAX_BATCH,
  nfePerSecond,
  PACK_FOLDER,
  type Plan,
} from './engine/generation.ts'
import { machineLine } from './machine.ts'
import { medianOf } from './quantile.ts'

const SEED = 1

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    nfe: { type: 'string', default: '100' },
    repeats: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    search: { type: 'string', default: 'rbf' },
  },
})

function spread(values: readonly number[], digits: number) {
  const rounded = (value: number) => Number(value.toFixed(digits))
  return {
    min: rounded(Math.min(...values)),
    median: rounded(medianOf(values)),
    max: rounded(Math.max(...values)),
  }
}

async function bench() {
  const [nfeBudget, repeats, threads] = [Number(flags.nfe), Number(flags.repeats), Number(flags.threads)]
  if (!Object.hasOwn(SEARCHES, flags.search)) throw new Error(`no search is named ${flags.search}`)
  const search = flags.search as SearchName
  const model = await openModel({ packFolder: PACK_FOLDER, threads, maxBatch: MAX_BATCH })
  const bare = await openBareGraphs(threads)
  // The same seed asks for the same batches every time: the first generation warms up and tells them.
  const plan: Plan = { search, nfe: nfeBudget, seed: SEED }
  const batches: readonly Batch[] = (await callsOf(model, plan)).flatMap(batchesOf)
  await loopBare(bare, batches)

  const runs: (Generation & { bareMs: number })[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = await loopBare(bare, batches)
    const run = await generate(model, plan)
    runs.push({ ...run, bareMs: (before + (await loopBare(bare, batches))) / 2 })
  }
  await model.close()
  const calls = batches.length + 2
  return {
    search,
    nfe: nfeBudget,
    repeats,
    threads,
    machine: machineLine(),
    nfe_per_second: spread(runs.map(nfePerSecond), 2),
    bare_nfe_per_second: spread(
      runs.map(({ nfe, bareMs }) => (1000 * nfe) / bareMs),
      2,
    ),
    share_in_graphs: spread(
      runs.map(({ graphMs, wallMs }) => graphMs / wallMs),
      4,
    ),
    bare_over_wall: spread(
      runs.map(({ wallMs, bareMs }) => bareMs / wallMs),
      4,
    ),
    outside_graphs_ms_per_call: spread(
      runs.map(({ wallMs, graphMs }) => (wallMs - graphMs) / calls),
      3,
    ),
  }
}

function print(figures: Awaited<ReturnType<typeof bench>>): void {
  const line = (name: string, { min, median, max }: ReturnType<typeof spread>) =>
    console.log(`${name.padEnd(44)} ${median}  (${min} to ${max})`)
  console.log(`${figures.machine}; ${figures.threads} threads a graph`)
  console.log(`${figures.search}, ${figures.nfe} NFEs, ${figures.repeats} repeats: median (min to max)`)
  line('NFE/s, whole generation', figures.nfe_per_second)
  line('NFE/s, bare loop over the same batches', figures.bare_nfe_per_second)
  line('share of wall time inside the graphs', figures.share_in_graphs)
  line('time of the bare loop / wall time', figures.bare_over_wall)
  line('ms outside the graphs, each call', figures.outside_graphs_ms_per_call)
}

const figures = await bench()
if (flags.json) console.log(JSON.stringify(figures))
else print(figures)
