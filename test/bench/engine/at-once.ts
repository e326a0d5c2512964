/** Generations that run at once on one model, in one process. */
import type { Model } from '../../../gpu-runner/engine/model.ts'
import { quantileOf, rounded } from '../quantile.ts'
import { type Generation, generate, MAX_BATCH, type Plan } from './generation.ts'

/** Begun this often in all, or once where more run at once: what one takes varies. */
const GENERATIONS = 16

interface Round {
  readonly wallMs: number
  readonly generations: readonly Generation[]
  /** Of the velocity graph meanwhile. */
  readonly rows: number
  readonly runs: number
}

async function runAtOnce(model: Model, plans: readonly Plan[]): Promise<Round> {
  const before = model.meters().velocity
  const start = performance.now()
  const generations = await Promise.all(plans.map((plan) => generate(model, plan)))
  const wallMs = performance.now() - start
  const after = model.meters().velocity
  return { wallMs, generations, rows: after.rows - before.rows, runs: after.runs - before.runs }
}

async function runOneByOne(model: Model, plans: readonly Plan[]): Promise<Round[]> {
  const rounds = []
  for (const plan of plans) rounds.push(await runAtOnce(model, [plan]))
  return rounds
}

const sumOf = (rounds: readonly Round[], of: (round: Round) => number): number =>
  rounds.reduce((sum, round) => sum + of(round), 0)

const plansOf = (plan: Omit<Plan, 'seed'>, count: number): Plan[] =>
  Array.from({ length: count }, (_, seed) => ({ ...plan, seed }))

export interface Concurrency {
  /** Aggregate NFE/s at once over that of one at a time. */
  readonly ratio: number
  readonly oneAtATimeNfePerSecond: number
  readonly atOnceNfePerSecond: number
  /** Mean rows of one run of the velocity graph, at once. */
  readonly rowsPerRun: number
  /** Of the images made at once, those whose PNG bytes are those of the image made alone. */
  readonly equalImages: number
  readonly images: number
}

/** Sixteen at once against the same sixteen one after the other: half of them before and half after, so that a machine that slows down favours neither. */
export async function compareAtOnce(model: Model, plan: Omit<Plan, 'seed'>): Promise<Concurrency> {
  const plans = plansOf(plan, GENERATIONS)
  const half = plans.length / 2
  const first = await runOneByOne(model, plans.slice(0, half))
  const together = await runAtOnce(model, plans)
  const alone = [...first, ...(await runOneByOne(model, plans.slice(half)))]
  const aloneMs = sumOf(alone, ({ wallMs }) => wallMs)
  const nfe = sumOf([together], nfeOf)
  const pngs = alone.flatMap(({ generations }) => generations.map(({ png }) => png))
  return {
    ratio: aloneMs / together.wallMs,
    oneAtATimeNfePerSecond: (1000 * nfe) / aloneMs,
    atOnceNfePerSecond: (1000 * nfe) / together.wallMs,
    rowsPerRun: together.rows / together.runs,
    equalImages: together.generations.filter(({ png }, at) => Buffer.compare(png, pngs[at] ?? new Uint8Array()) === 0)
      .length,
    images: plans.length,
  }
}

const nfeOf = ({ generations }: Round): number => generations.reduce((sum, { nfe }) => sum + nfe, 0)

export interface AtOnce {
  readonly at_once: number
  readonly generations: number
  readonly nfe_per_second: number
  /** Seconds from the beginning of a generation to its PNG. */
  readonly seconds_p50: number
  readonly seconds_p95: number
  /** Rows of a run of the velocity graph over the most that a batch may have. */
  readonly batch_fill: number
}

/** Rounds of so many at once, each round to its end. */
export async function measureAtOnce(model: Model, plan: Omit<Plan, 'seed'>, atOnce: number): Promise<AtOnce> {
  const plans = plansOf(plan, Math.max(GENERATIONS, atOnce))
  const rounds = []
  for (let at = 0; at < plans.length; at += atOnce) rounds.push(await runAtOnce(model, plans.slice(at, at + atOnce)))
  const seconds = rounds.flatMap(({ generations }) => generations.map(({ wallMs }) => wallMs / 1000))
  return {
    at_once: atOnce,
    generations: plans.length,
    nfe_per_second: rounded((1000 * sumOf(rounds, nfeOf)) / sumOf(rounds, ({ wallMs }) => wallMs)),
    seconds_p50: rounded(quantileOf(seconds, 0.5)),
    seconds_p95: rounded(quantileOf(seconds, 0.95)),
    batch_fill: rounded(sumOf(rounds, ({ rows }) => rows) / sumOf(rounds, ({ runs }) => runs) / MAX_BATCH),
  }
}
