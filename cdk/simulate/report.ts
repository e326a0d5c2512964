/** Simulations as the tables of docs/results/fleet.md. */
import { machineUsdAnHour } from '../costs/nfe.ts'
import type { Prices } from '../costs/prices.ts'
import type { Simulation, Waits } from './simulate.ts'

export interface Run {
  readonly trace: string
  readonly gpus: number
  readonly simulation: Simulation
}

const seconds = (value: number): string => `${Math.round(value)} s`
const percent = (part: number, digits = 0): string => `${(100 * part).toFixed(digits)} %`
const waits = ({ generations, p50, p95 }: Waits): string =>
  generations === 0 ? '-' : `${seconds(p50)} / ${seconds(p95)}`

/** Spot and on-demand machines are billed apart, as they ran. */
export const usdPer1000Nfe = ({ totals }: Simulation, { prices, type }: { prices: Prices; type: string }): number => {
  if (totals.nfeSettled === 0) return 0
  const spot = (totals.spotSeconds / 3600) * machineUsdAnHour(prices, type, 1)
  const onDemand = (totals.onDemandSeconds / 3600) * machineUsdAnHour(prices, type, 0)
  return (1000 * (spot + onDemand)) / totals.nfeSettled
}

export const runsTable = (runs: readonly Run[], on: { prices: Prices; type: string }): string => {
  const lines = runs.map(({ trace, gpus, simulation }) => {
    const { totals } = simulation
    const usd = usdPer1000Nfe(simulation, on)
    const day = ((totals.spotSeconds + totals.onDemandSeconds) / 3600).toFixed(0)
    return [
      trace,
      String(gpus),
      String(simulation.waits.generations),
      waits(simulation.waits),
      waits(simulation.warm),
      totals.nfeSettled === 0 ? '-' : percent(simulation.utilisation),
      `${day} h`,
      totals.nfeSettled === 0 ? '-' : `$${usd.toFixed(4)}`,
      `${totals.interruptions} / ${totals.nfeSettled === 0 ? '0 %' : percent(totals.nfeLost / totals.nfeSettled, 3)}`,
    ]
  })
  return table(
    [
      'trace',
      'largest fleet, GPUs',
      'generations',
      'wait p50 / p95',
      'the same, warm',
      'GPU use',
      'GPU hours',
      '$ per 1,000 NFEs',
      'interruptions / NFEs lost',
    ],
    lines,
  )
}

export const floodTable = (runs: readonly Run[]): string =>
  table(
    ['largest fleet, GPUs', 'the other 39 accounts, wait p50 / p95', 'the flooding account'],
    runs.flatMap(({ gpus, simulation: { others, flooder } }) =>
      others === undefined || flooder === undefined ? [] : [[String(gpus), waits(others), waits(flooder)]],
    ),
  )

export const table = (head: readonly string[], lines: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
