/** One batch through the graphs: velocity, then denoised, decoded and scored, each row as far as its ask wants. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { applyPair, denoisedPair, VELOCITY_OF } from '../flow/prediction.ts'
import type { Graphs, VelocityRow } from '../pack/sessions.ts'
import type { Ask } from '../search/search.ts'
import type { SeenEvaluation } from './protocol.ts'
import { type Picture, smallPicture } from './small-picture.ts'

/** An ask with what its generation adds to it. */
export interface EvaluationRow extends Ask, VelocityRow {
  /** Target of the count reward, [classes]. */
  readonly target: Float32Array
  /** Longest side of the picture that is wanted with the reward; none unless said. */
  readonly pictureSide?: number
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

  return async (rows: readonly EvaluationRow[]): Promise<readonly SeenEvaluation[]> => {
    const moving = rows.filter(({ wants }) => wants !== 'reward')
    const velocities = await velocitiesOf(moving)
    const velocityOfRow = new Map(moving.map((row, index) => [row, velocities[index] as Float32Array]))

    const scored = rows.filter(({ wants }) => wants !== 'velocity')
    const clean = scored.map((row) => {
      const velocity = velocityOfRow.get(row)
      // At t = 0 the latent is clean already, and for some interpolants the formula divides by zero there.
      if (velocity === undefined || row.t === 0) return row.latent
      return applyPair(denoisedPair(interpolant, row.t), row.latent, velocity)
    })
    const images = scored.length === 0 ? new Float32Array() : await graphs.decode(clean)
    const rewards = await rewardsOf(graphs, images, scored)
    const rewardOfRow = new Map(scored.map((row, index) => [row, rewards[index] as number]))
    const pictureOfRow = new Map(scored.map((row, index) => [row, pictureOf(row, images, { index, resolution })]))

    return rows.map((row): SeenEvaluation => {
      const velocity = velocityOfRow.get(row)
      const reward = rewardOfRow.get(row)
      const picture = pictureOfRow.get(row)
      return { ...(velocity && { velocity }), ...(reward !== undefined && { reward }), ...(picture && { picture }) }
    })
  }
}

async function rewardsOf(graphs: Graphs, images: Float32Array, rows: readonly EvaluationRow[]) {
  if (rows.length === 0) return new Float32Array()
  const targets = rows.map(({ target }) => target)
  return (await graphs.count(images, targets)).rewards
}

function pictureOf(
  { pictureSide }: EvaluationRow,
  images: Float32Array,
  { index, resolution: [height, width] }: { index: number } & Pick<PackManifest, 'resolution'>,
): Picture | undefined {
  if (pictureSide === undefined) return undefined
  const size = 3 * width * height
  return smallPicture({ data: images.subarray(index * size, (index + 1) * size), width, height }, pictureSide)
}

function splitRows(batch: Float32Array, rows: number): Float32Array[] {
  const size = batch.length / rows
  return Array.from({ length: rows }, (_, index) => batch.subarray(index * size, (index + 1) * size))
}
