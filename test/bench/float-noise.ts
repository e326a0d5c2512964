/**
 * `node test/bench/float-noise.ts [--first N] [--nfe N] [--minutes M] [--json]`: what becomes of a search by rbf when every velocity and
 * reward is off by a rounding, as on a provider whose float results depend on the batch. Each float is multiplied by 1 + e u, u uniform in
 * [-1, 1]: e is 1e-6 for float32, 1e-3 for half precision. Compared with the same search without.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createRandom } from '../../cdk/simulate/random.ts'
import type { Evaluator } from '../../gpu-runner/engine/evaluator.ts'
import type { Model } from '../../gpu-runner/engine/model.ts'
import { machineLine } from './machine.ts'
import { medianOf, quantileOf, rounded } from './quantile.ts'
import { HELD_OUT_PROMPTS, openBench, runOne, type SearchRunDone } from './search-run.ts'

const ROUNDINGS = [1e-6, 1e-3] as const

/** The model, off by `e`: reproducible, whatever it is asked. */
const roundedModel = (model: Model, e: number): Model => {
  const random = createRandom(1)
  const off = (value: number) => value * (1 + e * (2 * random() - 1))
  const begin: Model['begin'] = async (conditions) => {
    const evaluator = await model.begin(conditions)
    const evaluate: Evaluator['evaluate'] = async (asks) =>
      (await evaluator.evaluate(asks)).map(({ velocity, reward, ...rest }) => ({
        ...rest,
        ...(velocity !== undefined && { velocity: velocity.map(off) }),
        ...(reward !== undefined && { reward: off(reward) }),
      }))
    return { ...evaluator, evaluate }
  }
  return { ...model, begin }
}

interface Compared {
  readonly sameImage: boolean
  /** The same candidates made and accepted, in the same order: the image is off by the roundings alone. */
  readonly samePath: boolean
  readonly sameNfe: boolean
  readonly reward: number
}

const compare = (exact: SearchRunDone, off: SearchRunDone): Compared => ({
  sameImage: Buffer.compare(exact.png, off.png) === 0,
  samePath: pathOf(exact) === pathOf(off),
  sameNfe: exact.record.nfeUsed === off.record.nfeUsed && exact.trace.length === off.trace.length,
  reward: off.record.reward - exact.record.reward,
})

const pathOf = ({ trace }: SearchRunDone): string =>
  JSON.stringify(trace.map(({ step, lane, candidate, accepted }) => [step, lane, candidate, accepted]))

const rowOf = (e: number, all: readonly Compared[]) => {
  const share = (of: (one: Compared) => boolean) => `${all.filter(of).length} of ${all.length}`
  const differences = all.map(({ reward }) => Math.abs(reward))
  return {
    rounding: e,
    same_image: share(({ sameImage }) => sameImage),
    same_path: share(({ samePath }) => samePath),
    same_nfe_and_trace_length: share(({ sameNfe }) => sameNfe),
    mean_change_of_reward: rounded(all.reduce((sum, { reward }) => sum + reward, 0) / all.length),
    median_difference: rounded(medianOf(differences)),
    p95_difference: rounded(quantileOf(differences, 0.95)),
  }
}

const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '24' },
    nfe: { type: 'string', default: '100' },
    minutes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
})
const prompts = (await readFile(HELD_OUT_PROMPTS, 'utf8')).trim().split('\n').slice(0, Number(values.first))
const end = performance.now() + Number(values.minutes) * 60_000
const bench = await openBench()
const compared = new Map<number, Compared[]>(ROUNDINGS.map((e) => [e, []]))
for (const [promptIndex, prompt] of prompts.entries()) {
  if (performance.now() > end) break
  const asked = { prompt, promptIndex, search: 'rbf', nfe: Number(values.nfe), seed: 1 } as const
  const exact = await runOne(bench, asked)
  for (const [e, all] of compared)
    all.push(compare(exact, await runOne({ ...bench, model: roundedModel(bench.model, e) }, asked)))
}
await bench.model.close()
const rows = [...compared].map(([e, all]) => rowOf(e, all))
if (values.json) console.log(JSON.stringify({ rows, machine: machineLine() }))
else {
  console.table(rows)
  console.log(machineLine())
}
process.exit(0)
