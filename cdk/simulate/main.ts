/**
 * `npm run simulate -- [--seed N] [--fleets 0,4,20,...] [--stage prod] [--sweep] [--write]`: the scaling rules of the stack against
 * arrivals of a day. `--write` puts tables and pictures into docs/results/fleet.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../constructs/root.ts'
import { readPrices } from '../costs/prices.ts'
import { SCALING_POLICY } from '../fleet/scaling-policy.ts'
import { readStage } from '../stages.ts'
import { TRACES, traceNamed } from './arrivals.ts'
import { ASSUMPTIONS } from './assumptions.ts'
import { plotDay } from './plot.ts'
import { floodTable, type Run, runsTable } from './report.ts'
import { simulate } from './simulate.ts'
import { sweep } from './sweep.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    fleets: { type: 'string', default: '0,1,4,10,20,100,300,1000' },
    stage: { type: 'string', default: 'prod' },
    sweep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const { fleet } = readStage(values.stage)
const fleets = values.fleets.split(',').map(Number)
if (!fleets.every((gpus) => Number.isInteger(gpus) && gpus >= 0))
  throw new Error(`--fleets takes counts of GPUs, not ${values.fleets}`)
const base = {
  policy: SCALING_POLICY,
  assumptions: ASSUMPTIONS,
  concurrency: fleet.concurrency,
  secondsPerNfe: fleet.secondsPerNfe,
  spotPercent: fleet.spotPercent,
}
const prices = readPrices()
const [type = ''] = fleet.instanceTypes

/** Where a fleet of none, or nothing to do, is the same in every trace. */
const worthwhile = (trace: string, gpus: number): boolean => (gpus === 0) === (trace === 'none')

const runs: Run[] = TRACES.flatMap((trace) =>
  fleets
    .filter((gpus) => worthwhile(trace.name, gpus))
    .map((gpus) => ({
      trace: trace.name,
      gpus,
      simulation: simulate({ ...base, trace, maxTasks: gpus, seed: Number(values.seed) }),
    })),
)
const diurnal = traceNamed('diurnal')
const rough = { ...ASSUMPTIONS, interruptionsPerHour: 10 * ASSUMPTIONS.interruptionsPerHour }
const roughRuns: Run[] = fleets
  .filter((gpus) => gpus > 0 && gpus <= 100)
  .map((gpus) => ({
    trace: 'diurnal',
    gpus,
    simulation: simulate({ ...base, assumptions: rough, trace: diurnal, maxTasks: gpus, seed: Number(values.seed) }),
  }))
const service = runs[0]?.simulation.serviceSeconds ?? 0
const sections = [
  `A generation takes ${service.toFixed(1)} s on a GPU of its own, so twice the service time is ${(2 * service).toFixed(0)} s. Machines: ${type}, ${fleet.spotPercent} % spot, ${fleet.secondsPerNfe} s an NFE (a placeholder), ${fleet.concurrency} generations a task, seed ${values.seed}.`,
  TRACES.map(({ name, says }) => `- **${name}**: ${says}`).join('\n'),
  runsTable(runs, { prices, type }),
  'One account floods for an hour; of what came in that hour and the next:',
  floodTable(runs),
  `Spot machines interrupted ${rough.interruptionsPerHour} times an hour each, ten times as often as above:`,
  runsTable(roughRuns, { prices, type }),
  ...(values.sweep || values.write
    ? [
        'Other numbers for the policy, diurnal, the worst of three seeds (warm p95 wait, GPU use):',
        sweep({ ...base, trace: diurnal }),
      ]
    : []),
]
const text = sections.join('\n\n')
console.log(text)
if (values.write) {
  const page = join(ROOT, 'docs/results/fleet.md')
  mkdirSync(join(ROOT, 'docs/images'), { recursive: true })
  for (const { trace, gpus, simulation } of runs.filter((run) => run.gpus === 20 && run.trace !== 'steady'))
    writeFileSync(join(ROOT, `docs/images/fleet-${trace}.svg`), plotDay(simulation, `${trace}, at most ${gpus} GPUs`))
  const place = /(?<=<!-- simulated -->\n)[\s\S]*(?=<!-- \/simulated -->)/
  const before = readFileSync(page, 'utf8')
  if (!place.test(before)) throw new Error(`${page} has no place for the tables`)
  writeFileSync(
    page,
    before.replace(place, () => `\n${text}\n\n`),
  )
}
