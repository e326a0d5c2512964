/** One day of one trace on one fleet: arrivals, the queue, the scaling rules and the machines, second by second. */
import type { ScalingPolicy } from '../fleet/scaling-policy.ts'
import { type Arrival, arrivalsAt, DAY_SECONDS, FLOODING_ACCOUNT, MEAN_NFE, type Trace } from './arrivals.ts'
import type { Assumptions } from './assumptions.ts'
import { createFairQueue } from './fair-queue.ts'
import { createFleet, type Totals } from './machines.ts'
import { createRandom } from './random.ts'
import { createRules, type Reading } from './rules.ts'

export interface SimulationOptions {
  readonly trace: Trace
  readonly policy: ScalingPolicy
  readonly assumptions: Assumptions
  readonly maxTasks: number
  readonly concurrency: number
  readonly secondsPerNfe: number
  readonly spotPercent: number
  readonly seed: number
}

export interface Waits {
  readonly generations: number
  readonly p50: number
  readonly p95: number
}

export interface Simulation {
  /** From acceptance to the first evaluation, seconds. */
  readonly waits: Waits
  /** Of what came while a task was running, an hour after the day's start or later. */
  readonly warm: Waits
  /** Without the flooding account, while it floods and for an hour after; the account itself. */
  readonly others: Waits | undefined
  readonly flooder: Waits | undefined
  /** Seconds that the mean generation takes on a GPU of its own. */
  readonly serviceSeconds: number
  readonly gpuSeconds: number
  /** Part of the billed GPU seconds in which the GPU evaluated. */
  readonly utilisation: number
  readonly totals: Readonly<Totals>
  /** Each ten minutes: GPUs billed, tasks wanted, generations waiting, demand in GPUs. */
  readonly curve: readonly {
    readonly at: number
    readonly gpus: number
    readonly wanted: number
    readonly waiting: number
    readonly demand: number
  }[]
  readonly mostGpus: number
}

interface Wait {
  readonly at: number
  readonly wait: number
  readonly account: number
  readonly warm: boolean
}

const CURVE_EVERY = 600

export const simulate = (options: SimulationOptions): Simulation => {
  const { trace, assumptions, maxTasks } = options
  const random = createRandom(options.seed)
  const nfePerSecond = 1 / options.secondsPerNfe
  const queue = createFairQueue()
  const fleet = createFleet({ ...options, nfePerSecond, random })
  const rules = createRules(options)
  const readings: { at: number; reading: Reading }[] = []
  const waits: Wait[] = []
  const warmAt = new Map<object, boolean>()
  const curve: { at: number; gpus: number; wanted: number; waiting: number; demand: number }[] = []
  let wanted = 0
  let mostGpus = 0
  let asked = 0
  for (let now = 0; now < DAY_SECONDS; now++) {
    const arrivals: Arrival[] =
      maxTasks === 0 ? [] : arrivalsAt(trace, { second: now, nfePerSecond: maxTasks * nfePerSecond, random })
    if (arrivals.length > 0) {
      const warm = now >= 3600 && fleet.running(now) > 0
      for (const arrival of arrivals) {
        const waiting = { ...arrival, at: now }
        if (warm) warmAt.set(waiting, true)
        asked += arrival.nfeUsed
        queue.add(waiting)
      }
    }
    fleet.step(now, {
      wanted,
      queue,
      onStart: (waiting) => {
        waits.push({ at: waiting.at, wait: now - waiting.at, account: waiting.account, warm: warmAt.delete(waiting) })
      },
    })
    if (now % 60 === 59) {
      readings.push({ at: now, reading: read({ queue, fleet, wanted, secondsPerNfe: options.secondsPerNfe }) })
      if (readings.length > 60) readings.shift()
      const seen = readings.filter(({ at }) => at <= now - assumptions.metricDelay).map(({ reading }) => reading)
      wanted = rules(now, seen, wanted)
    }
    mostGpus = Math.max(mostGpus, fleet.machines())
    if (now % CURVE_EVERY === CURVE_EVERY - 1) {
      curve.push({
        at: now,
        gpus: fleet.machines(),
        wanted,
        waiting: queue.length(),
        demand: (asked * options.secondsPerNfe) / CURVE_EVERY,
      })
      asked = 0
    }
  }
  return conclude(options, { waits, curve, mostGpus, totals: fleet.totals })
}

const conclude = (
  { trace, secondsPerNfe }: SimulationOptions,
  run: Pick<Simulation, 'curve' | 'mostGpus' | 'totals'> & { waits: readonly Wait[] },
): Simulation => {
  const { waits, totals } = run
  const gpuSeconds = totals.spotSeconds + totals.onDemandSeconds
  return {
    ...run,
    waits: summarise(waits),
    warm: summarise(waits.filter(({ warm }) => warm)),
    ...floodWaits(trace, waits),
    serviceSeconds: MEAN_NFE * secondsPerNfe,
    gpuSeconds,
    utilisation: gpuSeconds === 0 ? 0 : totals.busySeconds / gpuSeconds,
  }
}

const read = (on: {
  queue: { length(): number; nfe(): number }
  fleet: { inWork(): number }
  wanted: number
  secondsPerNfe: number
}): Reading => ({
  visible: on.queue.length(),
  inWork: on.fleet.inWork(),
  backlogSeconds: on.queue.nfe() * on.secondsPerNfe,
  desired: on.wanted,
})

const floodWaits = ({ flood }: Trace, waits: readonly Wait[]): Pick<Simulation, 'others' | 'flooder'> => {
  if (flood === undefined) return { others: undefined, flooder: undefined }
  const during = waits.filter(({ at }) => at >= flood.from && at < flood.to + 3600)
  return {
    others: summarise(during.filter(({ account }) => account !== FLOODING_ACCOUNT)),
    flooder: summarise(during.filter(({ account }) => account === FLOODING_ACCOUNT)),
  }
}

const summarise = (waits: readonly Wait[]): Waits => {
  const sorted = Float64Array.from(waits, ({ wait }) => wait).sort()
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0
  return { generations: waits.length, p50: at(0.5), p95: at(0.95) }
}
