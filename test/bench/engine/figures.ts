/** The ratios that goals are set for: against the bare graphs, PyTorch, two model servers and the engine itself. */
import { medianOf } from '../quantile.ts'
import { compareAtOnce } from './at-once.ts'
import { generate, nfePerSecond } from './generation.ts'
import type { Figure } from './measurement.ts'
import { measureOverhead } from './overhead.ts'
import { comparePytorch } from './pytorch.ts'
import { compareServed, type ServerName } from './served.ts'

const served = (server: ServerName, title: string): Figure => ({
  name: `vs_${server}`,
  what: `NFE/s over the same graphs behind ${title}`,
  target: '>= 3',
  measure: async (bench) => {
    const compared = await compareServed(server, { ...bench, python: bench.pythons[server] })
    return { value: compared.ratio, details: compared }
  },
})

export const FIGURES: readonly Figure[] = [
  {
    name: 'graph_share',
    what: 'share of the wall time of one rbf generation that is inside the graphs',
    target: '>= 0.97',
    measure: async ({ model, plan, repeats }) => {
      const runs = []
      for (let repeat = 0; repeat < repeats; repeat++) runs.push(await generate(model, plan))
      const shares = runs.map(({ graphMs, wallMs }) => graphMs / wallMs)
      return { value: medianOf(shares), details: { shares, nfePerSecond: medianOf(runs.map(nfePerSecond)) } }
    },
  },
  {
    name: 'vs_pytorch',
    what: "NFE/s over PyTorch eager with the authors' loop, same weights, NFEs and batch",
    target: '>= 1.5',
    measure: async (bench) => {
      const compared = await comparePytorch({ ...bench, nfe: bench.plan.nfe, python: bench.pythons.lab })
      return { value: compared.ratio, details: compared }
    },
  },
  served('litserve', 'LitServe'),
  served('bentoml', 'BentoML'),
  {
    name: 'concurrent16_ratio',
    what: 'aggregate NFE/s of 16 generations at once over one at a time',
    target: '>= 1.3',
    measure: async ({ model, plan }) => {
      const measured = await compareAtOnce(model, { ...plan, nfe: plan.nfe / 2 })
      return { value: measured.ratio, details: measured }
    },
  },
  {
    name: 'overhead_mb',
    what: 'MB of the runner beyond graphs and sessions, Node included',
    target: '<= 200',
    measure: async ({ provider }) => {
      const measured = await measureOverhead(provider)
      return { value: measured.overheadMb, details: measured }
    },
  },
]
