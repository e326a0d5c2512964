/**
 * `npm run bench:runner [-- --json --nfe 100 --repeats 5 --threads 2 --search rbf]`: how much of a generation is the network itself.
 *
 * Each repeat is one whole generation through the model thread (conditions, search, image, PNG) between two bare loops
 * over the same batches, whose mean stands against it, so that a machine that slows down favours neither.
 * Share = time inside the graphs / wall time of the generation. The graphs' time is taken around each run in the thread;
 * the bare loop checks that figure, for it has no clock inside.
 */
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Meters } from '../../gpu-runner/engine/meters.ts'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
import { runSearch } from '../../gpu-runner/engine/run-search.ts'
import { interpolantNamed } from '../../gpu-runner/flow/interpolant.ts'
import { encodeOutput } from '../../gpu-runner/output/output.ts'
import { sizeOf } from '../../gpu-runner/pack/graph-signature.ts'
import { type Conditioning, type Graphs, openGraphs } from '../../gpu-runner/pack/graphs.ts'
import { readPack } from '../../gpu-runner/pack/read-pack.ts'
import { countGraphNamed, countTarget } from '../../gpu-runner/reward/count.ts'
import { termsOf } from '../../gpu-runner/reward/terms.ts'
import type { Ask, Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES, type SearchName } from '../../gpu-runner/search/searches.ts'

const PACK_FOLDER = fileURLToPath(new URL('../../gpu-runner/packs/emoji-world', import.meta.url))
const PROMPT = 'seven balloons, four bears, and four swans'
const COUNTS = { balloon: 7, bear: 4, swan: 4 }
const MAX_BATCH = 8
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

/** Rows of one batch: through the network, and through decoder and reward. */
interface Batch {
  readonly velocity: number
  readonly scored: number
}

interface Generation {
  readonly nfe: number
  readonly wallMs: number
  readonly graphMs: number
  readonly batches: readonly Batch[]
}

async function generate(model: Model, search: SearchName, nfeBudget: number): Promise<Generation> {
  const calls: (readonly Ask[])[] = []
  const before = graphMsOf(model.meters())
  const start = performance.now()
  const evaluator = await model.begin({ prompt: PROMPT, terms: termsOf({ name: 'count', counts: COUNTS }) })
  const native = interpolantNamed(model.manifest.native.interpolant)
  const outcome = await runSearch({
    search: SEARCHES[search] as Search<unknown, unknown>,
    task: { nfeBudget, seed: SEED, latentSize: sizeOf(model.manifest.latent), native, outputs: 1 },
    evaluate: (asks) => {
      calls.push(asks)
      return evaluator.evaluate(asks)
    },
  })
  const [best] = outcome.answers
  if (best === undefined) throw new Error('the search has no answer')
  await encodeOutput((await evaluator.render(best.latent)).output, 'png')
  await evaluator.end()
  const wallMs = performance.now() - start
  const graphMs = graphMsOf(model.meters()) - before
  return { nfe: evaluator.nfe(), wallMs, graphMs, batches: calls.flatMap(batchesOf) }
}

const graphMsOf = (meters: Meters): number => Object.values(meters).reduce((sum, { ms }) => sum + ms, 0)

/** One generation alone on the thread: its calls are cut where a batch is full, and never merged. */
function batchesOf(asks: readonly Ask[]): Batch[] {
  const batches = []
  for (let at = 0; at < asks.length; at += MAX_BATCH) {
    const batch = asks.slice(at, at + MAX_BATCH)
    const without = (wants: Ask['wants']) => batch.filter((ask) => ask.wants !== wants).length
    batches.push({ velocity: without('reward'), scored: without('velocity') })
  }
  return batches
}

interface BareGraphs {
  readonly graphs: Graphs
  readonly conditioning: Conditioning
  readonly target: Float32Array
  readonly latent: Float32Array
}

async function openBare(threads: number): Promise<BareGraphs> {
  const pack = await readPack(PACK_FOLDER)
  const graphs = await openGraphs(pack, { threads })
  const inputs = Object.entries(pack.manifest.tokenizers).flatMap(([name, { max_length, mask }]) =>
    (mask ? ['ids', 'mask'] : ['ids']).map(
      (what) => [`${name}_${what}`, new BigInt64Array(max_length).fill(1n)] as const,
    ),
  )
  const conditioning = await graphs.encode(Object.fromEntries(inputs))
  const latent = Float32Array.from({ length: sizeOf(pack.manifest.latent) }, (_, i) => 1.4 * Math.sin(i * 12.9898))
  return { graphs, conditioning, latent, target: countTarget(countGraphNamed('count', pack.manifest.rewards), COUNTS) }
}

/** Milliseconds for the same batches, and the image at the end, with nothing between the graphs. */
async function loopBare(
  { graphs, conditioning, target, latent }: BareGraphs,
  batches: readonly Batch[],
): Promise<number> {
  const count = graphs.rewards.get('count')
  const start = performance.now()
  for (const { velocity, scored } of [...batches, { velocity: 0, scored: 1 }]) {
    const row = { latent, t: 0.7, conditioning, spend: () => {} }
    if (velocity > 0) await graphs.velocity(Array(velocity).fill(row))
    if (scored > 0) await count?.score(await graphs.decode(Array(scored).fill(latent)), Array(scored).fill({ target }))
  }
  return performance.now() - start
}

function spread(values: readonly number[], digits: number) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number) => Number((sorted[index] ?? Number.NaN).toFixed(digits))
  return { min: at(0), median: at((sorted.length - 1) >> 1), max: at(sorted.length - 1) }
}

function machine(threads: number) {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const cores = cpus()
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    threads,
    node: process.version,
    onnxruntime: version,
  }
}

async function bench() {
  const [nfeBudget, repeats, threads] = [Number(flags.nfe), Number(flags.repeats), Number(flags.threads)]
  if (!Object.hasOwn(SEARCHES, flags.search)) throw new Error(`no search is named ${flags.search}`)
  const search = flags.search as SearchName
  const model = await openModel({ packFolder: PACK_FOLDER, threads, maxBatch: MAX_BATCH })
  const bare = await openBare(threads)
  // The same seed asks for the same batches every time: the first generation warms up and tells them.
  const { batches } = await generate(model, search, nfeBudget)
  await loopBare(bare, batches)

  const runs: (Generation & { bareMs: number })[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const before = await loopBare(bare, batches)
    const run = await generate(model, search, nfeBudget)
    runs.push({ ...run, bareMs: (before + (await loopBare(bare, batches))) / 2 })
  }
  await model.close()
  const calls = batches.length + 2
  return {
    search,
    nfe: nfeBudget,
    repeats,
    machine: machine(threads),
    nfe_per_second: spread(
      runs.map(({ nfe, wallMs }) => (1000 * nfe) / wallMs),
      2,
    ),
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
  const { cpu, cores, threads, node, onnxruntime } = figures.machine
  const line = (name: string, { min, median, max }: ReturnType<typeof spread>) =>
    console.log(`${name.padEnd(44)} ${median}  (${min} to ${max})`)
  console.log(`${cpu}, ${cores} cores, ${threads} threads a graph; Node ${node}, onnxruntime ${onnxruntime}`)
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
