/** The reward graphs of a batch: rows are gathered by graph, so that each runs once a batch, whoever asked for it. */
import type { Graphs } from '../pack/graphs.ts'
import type { OpenedReward, RewardInput } from '../pack/reward-graphs.ts'
import type { RewardAsk } from '../reward/prepare.ts'
import type { EvaluationRow, RowEvaluation } from './evaluate-rows.ts'
import { joinRows, splitRows } from './rows.ts'

interface Seat {
  /** Index of the row, and of the reward within it. */
  readonly row: number
  readonly at: number
  readonly input: RewardInput
}

/** Numbers for each row, in the order of what it asks. */
export async function scoreImages(
  graphs: Graphs,
  on: { batch: Float32Array; images: readonly Float32Array[]; asks: readonly (readonly RewardAsk[])[] },
): Promise<readonly (readonly number[])[]> {
  const scores = on.asks.map((asked) => asked.map(() => Number.NaN))
  for (const [name, seats] of seatsOf(on.asks)) {
    const whole = seats.length === on.asks.length && seats.every(({ row }, index) => row === index)
    const images = whole ? on.batch : joinRows(seats.map(({ row }) => on.images[row] ?? new Float32Array()))
    const { rewards } = await opened(graphs, name).score(
      images,
      seats.map(({ input }) => input),
    )
    for (const [index, { row, at }] of seats.entries()) (scores[row] as number[])[at] = rewards[index] ?? Number.NaN
  }
  return scores
}

/** Of rows that want gradients: rewards, and their gradients with respect to the clean latents. */
export async function followGradients(
  graphs: Graphs,
  clean: ReadonlyMap<EvaluationRow, Float32Array>,
): Promise<ReadonlyMap<EvaluationRow, RowEvaluation>> {
  const rows = [...clean.keys()].filter(({ gradient }) => gradient === true)
  const told = rows.map(({ rewards }) => ({
    rewards: rewards.map(() => Number.NaN),
    gradients: rewards.map(() => new Float32Array()),
  }))
  for (const [name, seats] of seatsOf(rows.map(({ rewards }) => rewards))) {
    const { gradient } = opened(graphs, name)
    if (gradient === undefined) throw new RangeError(`the pack has no gradient of ${name}`)
    const latents = seats.map(({ row }) => clean.get(rows[row] as EvaluationRow) ?? new Float32Array())
    const { rewards, gradients } = await gradient(
      latents,
      seats.map(({ input }) => input),
    )
    const each = splitRows(gradients, seats.length)
    for (const [index, { row, at }] of seats.entries()) {
      const seen = told[row]
      if (seen === undefined) continue
      seen.rewards[at] = rewards[index] ?? Number.NaN
      seen.gradients[at] = each[index]?.slice() ?? new Float32Array()
    }
  }
  return new Map(rows.map((row, index) => [row, told[index] ?? {}]))
}

function seatsOf(asks: readonly (readonly RewardAsk[])[]): ReadonlyMap<string, readonly Seat[]> {
  const seats = new Map<string, Seat[]>()
  for (const [row, asked] of asks.entries())
    for (const [at, { name, input }] of asked.entries())
      seats.set(name, [...(seats.get(name) ?? []), { row, at, input }])
  return seats
}

function opened({ rewards }: Graphs, name: string): OpenedReward {
  const reward = rewards.get(name)
  if (reward === undefined) throw new RangeError(`the pack has no reward ${name}`)
  return reward
}
