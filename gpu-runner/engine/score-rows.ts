/** The reward graphs of a batch: rows are gathered by graph, so that each runs once a batch, whoever asked for it. */
import type { Graphs } from '../pack/graphs.ts'
import type { OpenedReward } from '../pack/reward-graphs.ts'
import type { RewardInput } from '../pack/reward-inputs.ts'
import type { RowInWork } from './evaluate-rows.ts'
import { joinRows, ownRow, splitRows } from './rows.ts'

interface Seat {
  readonly work: RowInWork
  /** Index of the row in its batch, and of the reward within the row. */
  readonly row: number
  readonly at: number
  readonly input: RewardInput
}

export const latentToDecode = ({ row, clean }: RowInWork): Float32Array => clean ?? row.latent

/** Rows of that one reward, decoded and scored in one run. Gives their images where one of them is wanted. */
export async function scoreLatents(
  graphs: Graphs,
  name: string,
  works: readonly RowInWork[],
): Promise<Float32Array | undefined> {
  const { scoreLatents } = opened(graphs, name)
  if (scoreLatents === undefined) throw new RangeError(`the pack does not decode and score ${name} in one run`)
  const inputs = works.map(({ row }) => row.rewards[0]?.input ?? {})
  const images = works.some(({ row }) => row.images || row.pictureSide !== undefined)
  const scores = await scoreLatents(works.map(latentToDecode), inputs, { images })
  for (const [index, { said }] of works.entries()) said.rewards = [scores.rewards[index] ?? Number.NaN]
  return scores.images
}

/** The rewards of the images that were decoded of the rows, but of those that a gradient graph has scored. */
export async function scoreImages(
  graphs: Graphs,
  { batch, images, works }: { batch: Float32Array; images: readonly Float32Array[]; works: readonly RowInWork[] },
): Promise<void> {
  for (const { row, said } of works) said.rewards ??= row.rewards.map(() => Number.NaN)
  for (const [name, seats] of seatsOf(works, ({ row }) => row.gradient !== true)) {
    const whole = seats.length === works.length && seats.every(({ row }, index) => row === index)
    const shown = whole ? batch : joinRows(seats.map(({ row }) => images[row] as Float32Array))
    const score = opened(graphs, name).score
    const { rewards } = await score(
      shown,
      seats.map(({ input }) => input),
      'rewards',
    )
    for (const [index, { work, at }] of seats.entries())
      (work.said.rewards as number[])[at] = rewards[index] ?? Number.NaN
  }
}

/** Rewards, and their gradients with respect to the clean latents. */
export async function followGradients(graphs: Graphs, works: readonly RowInWork[]): Promise<void> {
  for (const work of works) {
    work.said.rewards = work.row.rewards.map(() => Number.NaN)
    work.said.gradients = work.row.rewards.map(() => new Float32Array())
  }
  for (const [name, seats] of seatsOf(works, () => true)) {
    const { gradient } = opened(graphs, name)
    if (gradient === undefined) throw new RangeError(`the pack has no gradient of ${name}`)
    const { rewards, gradients } = await gradient(
      seats.map(({ work }) => work.clean as Float32Array),
      seats.map(({ input }) => input),
    )
    const each = splitRows(gradients, seats.length)
    for (const [index, { work, at }] of seats.entries()) {
      ;(work.said.rewards as number[])[at] = rewards[index] ?? Number.NaN
      ;(work.said.gradients as Float32Array[])[at] = ownRow(each[index] as Float32Array)
    }
  }
}

function seatsOf(
  works: readonly RowInWork[],
  isWanted: (work: RowInWork) => boolean,
): ReadonlyMap<string, readonly Seat[]> {
  const seats = new Map<string, Seat[]>()
  for (const [row, work] of works.entries()) {
    if (!isWanted(work)) continue
    for (const [at, { name, input }] of work.row.rewards.entries()) {
      const seat = { work, row, at, input }
      const line = seats.get(name)
      if (line === undefined) seats.set(name, [seat])
      else line.push(seat)
    }
  }
  return seats
}

function opened({ rewards }: Graphs, name: string): OpenedReward {
  const reward = rewards.get(name)
  if (reward === undefined) throw new RangeError(`the pack has no reward ${name}`)
  return reward
}
