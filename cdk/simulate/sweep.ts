/** Other numbers for the scaling policy, on the diurnal trace: what the ones in use were chosen from. */
import type { ScalingPolicy } from '../fleet/scaling-policy.ts'
import type { Trace } from './arrivals.ts'
import { table } from './report.ts'
import { type Simulation, type SimulationOptions, simulate } from './simulate.ts'

const GROWTHS: Readonly<Record<string, ScalingPolicy['grow']['steps']>> = {
  '90 s: 25 %, 180 s: 100 %': [
    { loadSeconds: 90, percent: 25 },
    { loadSeconds: 180, percent: 100 },
    { loadSeconds: 600, percent: 300 },
  ],
  '30 s: 25 %, 120 s: 100 %': [
    { loadSeconds: 30, percent: 25 },
    { loadSeconds: 120, percent: 100 },
    { loadSeconds: 600, percent: 300 },
  ],
  '10 s: 15 %, 60 s: 50 %': [
    { loadSeconds: 10, percent: 15 },
    { loadSeconds: 60, percent: 50 },
    { loadSeconds: 600, percent: 300 },
  ],
}
const RESTING_SHARES = [0.25, 0.4, 0.6]
const SHRINKS = [
  { minutes: 3, cooldownSeconds: 120 },
  { minutes: 5, cooldownSeconds: 300 },
]
const FLEETS = [10, 20, 50]
const SEEDS = [1, 2, 3]

/** The first step moved; the second stays where it is. */
const stepsFrom = (restingShare: number): ScalingPolicy['shrink']['steps'] => [
  { restingShare, percent: 10 },
  { restingShare: 0.85, percent: 40 },
]

/** Each cell: the worst of the seeds. */
export const sweep = (base: Omit<SimulationOptions, 'maxTasks' | 'seed'> & { trace: Trace }): string => {
  const lines = Object.entries(GROWTHS).flatMap(([growth, steps]) =>
    RESTING_SHARES.flatMap((restingShare) =>
      SHRINKS.map((pace) => {
        const { policy } = base
        const tried = {
          ...policy,
          grow: { ...policy.grow, steps },
          shrink: { ...policy.shrink, ...pace, steps: stepsFrom(restingShare) },
        }
        const cells = FLEETS.map((maxTasks) => {
          const runs = SEEDS.map((seed) => simulate({ ...base, policy: tried, maxTasks, seed }))
          return `${Math.round(worst(runs, ({ warm }) => -warm.p95) * -1)} s, ${(100 * worst(runs, ({ utilisation }) => utilisation)).toFixed(0)} %`
        })
        return [growth, String(restingShare), `${pace.minutes} min, every ${pace.cooldownSeconds} s`, ...cells]
      }),
    ),
  )
  return table(
    ['grow at a load of', 'shrink when free', 'for', ...FLEETS.map((gpus) => `${gpus} GPUs: p95, use`)],
    lines,
  )
}

const worst = (runs: readonly Simulation[], of: (run: Simulation) => number): number => Math.min(...runs.map(of))
