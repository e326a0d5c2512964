/** The asks of one generation: checked, evaluated in whatever batches, and their rewards summed. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { addScaled } from '../flow/floats.ts'
import type { Picture } from '../image/small-picture.ts'
import { outputOf } from '../output/output.ts'
import { sizeOf } from '../pack/graph-signature.ts'
import type { Path } from '../path/path.ts'
import { isOutside, type ThreadTerm } from '../reward/terms.ts'
import type { Ask, Evaluation } from '../search/search.ts'
import { allFinite } from './all-finite.ts'
import type { Turn } from './batcher.ts'
import type { Begun } from './begun.ts'
import type { RowEvaluation } from './evaluate-rows.ts'
import { ModelError } from './model-error.ts'
import type { EvaluatorAsk } from './protocol.ts'
import { partsOf, type ScoreOutside, scoredOutside, sumOf } from './reward-parts.ts'

/** What a reward has seen: small, or still to be drawn. */
export type Seen = Picture | Path

/** With what its reward has seen, where the generation is watched. */
export type SeenEvaluation = Evaluation & { readonly picture?: Seen }

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export interface AskContext {
  readonly manifest: PackManifest
  /** The batcher's; one evaluation a row. */
  readonly submit: (rows: readonly EvaluatorAsk[], turn: Turn) => Promise<readonly RowEvaluation[]>
  readonly scoreOutside: ScoreOutside
}

/** One evaluation an ask, same order. Rejects with ModelError, and with what `scoreOutside` rejects with. */
export async function evaluateAsks(
  { manifest, submit, scoreOutside }: AskContext,
  begun: Begun,
  asks: readonly Ask[],
): Promise<readonly SeenEvaluation[]> {
  const { evaluator, terms, turn, surroundings, drawn } = begun
  for (const ask of asks) checkAsk(ask, { manifest, terms })
  const rows = await submit(
    asks.map((ask) => ({ ...ask, evaluator })),
    turn,
  )
  for (const row of rows) checkFinite(row)
  const outputs = rows.map(({ image }) => image && outputOf(manifest, image, surroundings))
  const outside = terms.some(isOutside) ? await scoredOutside(outputs, scoreOutside) : []
  let scored = 0
  return rows.map((row, index) => {
    const { velocity, rewards, gradients, picture } = row
    const parts = rewards && partsOf(terms, { inside: rewards, outside, at: scored++ })
    const output = outputs[index]
    const seen = drawn && output?.kind === 'path' ? output : picture
    const evaluation: Mutable<SeenEvaluation> = {}
    if (velocity) evaluation.velocity = velocity
    if (parts) evaluation.reward = sumOf(parts)
    if (gradients) evaluation.gradient = weightedSum(gradients, terms)
    if (seen) evaluation.picture = seen
    return evaluation
  })
}

function weightedSum(gradients: readonly Float32Array[], terms: readonly ThreadTerm[]): Float32Array {
  const sum = new Float32Array(gradients[0]?.length ?? 0)
  for (const [index, gradient] of gradients.entries()) addScaled(sum, terms[index]?.weight ?? 1, gradient)
  return sum
}

/** Throws ModelError (`request`) on an ask that no graph can answer, before anything is spent. */
export function checkAsk(
  { latent, t, wants, gradient }: Ask,
  { manifest, terms }: { manifest: PackManifest; terms: readonly ThreadTerm[] },
): void {
  const size = sizeOf(manifest.latent)
  if (latent.length !== size) throw new ModelError('request', `a latent has ${size} numbers here, got ${latent.length}`)
  if (!(t >= 0 && t <= 1)) throw new ModelError('request', `t must lie in [0, 1], got ${t}`)
  if (wants === 'reward' && t !== 0)
    throw new ModelError('request', `a reward alone is of a clean latent, t = 0; got t = ${t}`)
  const blind = gradient && terms.find((term) => isOutside(term) || manifest.rewards[term.name]?.gradient === undefined)
  if (blind) throw new ModelError('request', `no graph of this pack gives the gradient of ${blind.name}`)
  if (!allFinite(latent)) throw new ModelError('request', 'a latent is not finite')
}

/** NaN loses every comparison, so a search would go on with it without a word. Not checked by batch: no other generation pays. */
function checkFinite({ velocity, rewards = [], gradients = [] }: RowEvaluation): void {
  if (velocity !== undefined && !allFinite(velocity)) throw new ModelError('graph', 'a velocity is not finite')
  for (const reward of rewards) if (!Number.isFinite(reward)) throw new ModelError('graph', `a reward is ${reward}`)
  if (!gradients.every(allFinite)) throw new ModelError('graph', 'the gradient of a reward is not finite')
}
