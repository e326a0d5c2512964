/** One batch through the graphs: velocity, then denoised, decoded and scored, each row as far as its ask wants. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { applyPair, denoisedPair, VELOCITY_OF } from '../flow/prediction.ts'
import { type Picture, smallPicture } from '../image/small-picture.ts'
import type { Graphs, VelocityRow } from '../pack/graphs.ts'
import { free } from '../pack/session.ts'
import type { RewardAsk } from '../reward/prepare.ts'
import type { Ask } from '../search/search.ts'
import { ownRow, splitRows } from './rows.ts'
import { followGradients, latentToDecode, scoreImages, scoreLatents } from './score-rows.ts'

/** An ask with what its generation adds to it. */
export interface EvaluationRow extends Ask, VelocityRow {
  /** What each graph of the generation's reward takes. */
  readonly rewards: readonly RewardAsk[]
  /** Whether the image or path itself is wanted too: for rewards outside the graphs, or to be drawn. */
  readonly images: boolean
  /** Longest side of the picture that is wanted with the reward; none unless said. */
  readonly pictureSide?: number
}

/** What the graphs say of one row. */
export interface RowEvaluation {
  /** Native velocity; present unless the ask wanted only the reward. */
  readonly velocity?: Float32Array
  /** One number for each of the row's rewards; present unless the ask wanted only the velocity. */
  readonly rewards?: readonly number[]
  /** One gradient for each of the row's rewards, with respect to the clean latent, where the ask wanted it. */
  readonly gradients?: readonly Float32Array[]
  /** What `decode` gave, without the batch, where the row wanted it. */
  readonly image?: Float32Array
  /** What the reward has seen, small, where the row wanted it. */
  readonly picture?: Picture
}

/** What can move to another thread. */
export const rowBuffers = ({ velocity, gradients = [], image, picture }: RowEvaluation): ArrayBuffer[] => [
  ...[velocity, ...gradients, image].flatMap((floats) => (floats ? [floats.buffer as ArrayBuffer] : [])),
  ...(picture ? [picture.pixels.buffer] : []),
]

/** A row on its way through the graphs: what they have said of it so far. */
export interface RowInWork {
  readonly row: EvaluationRow
  /** What decoder and rewards look at. */
  clean?: Float32Array
  readonly said: {
    velocity?: Float32Array
    rewards?: number[]
    gradients?: Float32Array[]
    image?: Float32Array
    picture?: Picture
  }
}

/**
 * Evaluates rows of any generations as one batch; one evaluation a row, same order. Costs one NFE for each row that wants
 * a velocity: `spend` is called before the network runs. Rejects with what a graph throws.
 */
export function createRowEvaluator(
  graphs: Graphs,
  { native, resolution }: Pick<PackManifest, 'native' | 'resolution'>,
) {
  const interpolant = interpolantNamed(native.interpolant)
  const velocityOf = VELOCITY_OF[native.prediction]

  async function move(works: readonly RowInWork[]): Promise<void> {
    const predictions = splitRows(await graphs.velocity(works.map(({ row }) => row)), works.length)
    for (const [index, work] of works.entries()) {
      const [{ latent, t }, predicted] = [work.row, predictions[index] as Float32Array]
      work.said.velocity =
        native.prediction === 'velocity' ? ownRow(predicted) : applyPair(velocityOf(interpolant, t), latent, predicted)
    }
  }

  function cleanOf({ row: { latent, t }, said: { velocity } }: RowInWork): Float32Array {
    // At t = 0 the latent is clean already, and for some interpolants the formula divides by zero there.
    if (velocity === undefined || t === 0) return latent
    return applyPair(denoisedPair(interpolant, t), latent, velocity)
  }

  return async (rows: readonly EvaluationRow[]): Promise<readonly RowEvaluation[]> => {
    const works = rows.map((row): RowInWork => ({ row, said: {} }))
    const moving = works.filter(({ row }) => row.wants !== 'reward')
    if (moving.length > 0) await move(moving)
    const scored = works.filter(({ row }) => row.wants !== 'velocity')
    for (const work of scored) work.clean = cleanOf(work)
    const sloped = scored.filter(({ row }) => row.gradient === true)
    if (sloped.length > 0) await followGradients(graphs, sloped)
    // Rows that a gradient graph has scored are decoded only to be looked at.
    const seen = scored.filter(({ row }) => row.gradient !== true || row.pictureSide !== undefined || row.images)
    if (seen.length > 0) await look(graphs, seen, resolution)
    return works.map(({ said }) => said)
  }
}

/** Decodes, scores where no gradient graph has, and keeps of the images what is wanted. */
async function look(
  graphs: Graphs,
  works: readonly RowInWork[],
  resolution: PackManifest['resolution'],
): Promise<void> {
  for (const [name, those] of Map.groupBy(works, ({ row }) => scoredInOneRun(graphs, row))) {
    const images = name === undefined ? await scoreApart(graphs, those) : await scoreLatents(graphs, name, those)
    if (images) keepSeen(images, those, resolution)
  }
}

/**
 * The reward of a row that one run decodes and scores; undefined where there are more, or another. A row's way does not depend on its
 * neighbours: the two ways need not have the same bits everywhere.
 */
function scoredInOneRun(graphs: Graphs, { rewards, gradient }: EvaluationRow): string | undefined {
  const [only] = rewards
  if (only === undefined || rewards.length > 1 || gradient) return undefined
  return graphs.rewards.get(only.name)?.scoreLatents && only.name
}

async function scoreApart(graphs: Graphs, works: readonly RowInWork[]): Promise<Float32Array> {
  const batch = await graphs.decode(works.map(latentToDecode))
  await scoreImages(graphs, { batch, images: splitRows(batch, works.length), works })
  return batch
}

/** Frees the batch. */
function keepSeen(batch: Float32Array, works: readonly RowInWork[], [height, width]: PackManifest['resolution']): void {
  const images = splitRows(batch, works.length)
  for (const [index, { row, said }] of works.entries()) {
    const data = images[index] as Float32Array
    if (row.images) said.image = data.slice()
    if (row.pictureSide !== undefined) said.picture = smallPicture({ data, width, height }, row.pictureSide)
  }
  free(batch)
}
