/** One batch through the graphs: velocity, then denoised, decoded and scored, each row as far as its ask wants. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { applyPair, denoisedPair, VELOCITY_OF } from '../flow/prediction.ts'
import { type Picture, smallPicture } from '../image/small-picture.ts'
import type { Graphs, VelocityRow } from '../pack/graphs.ts'
import type { RewardAsk } from '../reward/prepare.ts'
import type { Ask } from '../search/search.ts'
import { splitRows } from './rows.ts'
import { followGradients, scoreImages } from './score-rows.ts'

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

  async function velocitiesOf(rows: readonly EvaluationRow[]): Promise<Float32Array[]> {
    if (rows.length === 0) return []
    const predictions = splitRows(await graphs.velocity(rows), rows.length)
    return rows.map(({ latent, t }, index) =>
      applyPair(velocityOf(interpolant, t), latent, predictions[index] as Float32Array),
    )
  }

  return async (rows: readonly EvaluationRow[]): Promise<readonly RowEvaluation[]> => {
    const moving = rows.filter(({ wants }) => wants !== 'reward')
    const velocities = await velocitiesOf(moving)
    const velocityOfRow = new Map(moving.map((row, index) => [row, velocities[index] as Float32Array]))
    const cleanOf = (row: EvaluationRow): Float32Array => {
      const velocity = velocityOfRow.get(row)
      // At t = 0 the latent is clean already, and for some interpolants the formula divides by zero there.
      if (velocity === undefined || row.t === 0) return row.latent
      return applyPair(denoisedPair(interpolant, row.t), row.latent, velocity)
    }
    const scored = rows.filter(({ wants }) => wants !== 'velocity')
    const clean = new Map(scored.map((row) => [row, cleanOf(row)]))
    const followed = await followGradients(graphs, clean)
    const decoded = await scoreDecoded(graphs, clean, resolution)
    return rows.map((row): RowEvaluation => {
      const velocity = velocityOfRow.get(row)
      return { ...(velocity && { velocity }), ...followed.get(row), ...decoded.get(row) }
    })
  }
}

/** Rows that a gradient graph has scored are decoded only to be looked at. */
async function scoreDecoded(
  graphs: Graphs,
  clean: ReadonlyMap<EvaluationRow, Float32Array>,
  [height, width]: PackManifest['resolution'],
): Promise<ReadonlyMap<EvaluationRow, RowEvaluation>> {
  const rows = [...clean.keys()].filter(
    ({ gradient, pictureSide, images }) => gradient !== true || pictureSide !== undefined || images,
  )
  if (rows.length === 0) return new Map()
  const batch = await graphs.decode(rows.map((row) => clean.get(row) ?? row.latent))
  const images = splitRows(batch, rows.length)
  const asks = rows.map(({ gradient, rewards }) => (gradient === true ? [] : rewards))
  const rewards = await scoreImages(graphs, { batch, images, asks })
  return new Map(
    rows.map((row, index) => {
      const data = images[index] ?? new Float32Array()
      const { gradient, pictureSide } = row
      const seen: RowEvaluation = {
        ...(gradient !== true && { rewards: rewards[index] ?? [] }),
        // A copy: memory that the runtime owns cannot be transferred.
        ...(row.images && { image: data.slice() }),
        ...(pictureSide !== undefined && { picture: smallPicture({ data, width, height }, pictureSide) }),
      }
      return [row, seen]
    }),
  )
}
