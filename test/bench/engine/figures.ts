/** The ratios that goals are set for: against the bare graphs, PyTorch, two model servers and the engine itself. */
import { medianOf } from '../quantile.ts'
import { compareAtOnce } from './at-once.ts'
import { generate, nfePerSecond } from './generation.ts'
import type { Figure } from './measurement.ts'
import { measureOverhead } from './overhead.ts'
import { comparePytorch } from './pytorch.ts'
import { compareServed, type ServerName } from './served.ts'

const against = (ours: number, theirs: number, versions: readonly string[] = []): string =>
  [`${ours.toFixed(1)} against ${theirs.toFixed(1)} NFE/s`, ...versions].join(', ')

const served = (server: ServerName, title: string): Figure => ({
  name: `vs_${server}`,
  what: `NFE/s over the same graphs behind ${title}`,
  goal: { least: 3 },
  measure: async (bench) => {
    const compared = await compareServed(server, {
      ...bench,
      threads: bench.settings.threads,
      python: bench.pythons[server],
    })
    const { ratio, oursNfePerSecond: ours, theirsNfePerSecond: theirs, versions } = compared
    return { value: ratio, from: against(ours, theirs, versions), details: compared }
  },
})

/** Generations more, as in a runner that has worked for half a minute: what V8 compiles in full it has compiled. */
const UNTIL_COMPILED = 20

export const FIGURES: readonly Figure[] = [
  {
    name: 'graph_share',
    what: 'share of the wall time of one rbf generation that is inside the graphs',
    goal: { least: 0.97 },
    measure: async ({ oneSession, plan, repeats }) => {
      for (let generation = 0; generation < UNTIL_COMPILED; generation++) await generate(oneSession, plan)
      const runs = []
      for (let repeat = 0; repeat < repeats; repeat++) runs.push(await generate(oneSession, plan))
      const shares = runs.map(({ graphMs, wallMs }) => graphMs / wallMs)
      const rate = medianOf(runs.map(nfePerSecond))
      const from = `${Math.min(...shares).toFixed(3)} to ${Math.max(...shares).toFixed(3)} at ${rate.toFixed(1)} NFE/s`
      return { value: medianOf(shares), from, details: { shares, nfePerSecond: rate } }
    },
  },
  {
    name: 'vs_pytorch',
    what: "NFE/s over PyTorch eager with the authors' loop, same weights, NFEs and batch",
    goal: { least: 1.5 },
    measure: async (bench) => {
      const compared = await comparePytorch({ ...bench, nfe: bench.plan.nfe, python: bench.pythons.lab })
      const { ratio, oursNfePerSecond: ours, pytorchNfePerSecond: theirs, threads, versions } = compared
      const from = against(ours, theirs, [...versions, `threads of PyTorch ${threads}`])
      return { value: ratio, from, details: compared }
    },
  },
  served('litserve', 'LitServe'),
  served('bentoml', 'BentoML'),
  {
    name: 'concurrent16_ratio',
    what: 'aggregate NFE/s of 16 generations at once over one at a time',
    goal: { least: 1.3 },
    measure: async ({ model, plan }) => {
      const measured = await compareAtOnce(model, { ...plan, nfe: plan.nfe / 2 })
      const { ratio, atOnceNfePerSecond: atOnce, oneAtATimeNfePerSecond: alone, equalImages, images } = measured
      const from = `${against(atOnce, alone)}; ${equalImages} of ${images} images have the bytes of those made alone`
      return { value: ratio, from, details: measured }
    },
  },
  {
    name: 'overhead_mb',
    what: 'MB of the runner beyond graphs and sessions, Node included',
    goal: { most: 200 },
    measure: async ({ provider }) => {
      const measured = await measureOverhead(provider)
      const { overheadMb, runnerMb, graphsMb } = measured
      const from = `${runnerMb.toFixed(0)} MB less ${graphsMb.toFixed(0)} of the graphs`
      return { value: overheadMb, from, details: measured }
    },
  },
]
