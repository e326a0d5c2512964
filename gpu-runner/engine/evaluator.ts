/** The model under the conditions of one generation: what the thread says of the graphs, and rewards outside of them. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { RewardPart } from '../../shared/contract/reward.ts'
import { addScaled } from '../flow/floats.ts'
import type { Picture } from '../image/small-picture.ts'
import { type Output, outputOf } from '../output/output.ts'
import { sizeOf } from '../pack/graph-signature.ts'
import type { Path, Surroundings } from '../path/path.ts'
import type { Found } from '../reward/count.ts'
import { isPixelTerm, type Term } from '../reward/terms.ts'
import type { Ask, Evaluation } from '../search/search.ts'
import { allFinite } from './all-finite.ts'
import type { RowEvaluation } from './evaluate-rows.ts'
import { readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import type { EvaluatorAsk } from './protocol.ts'
import type { Threads } from './threads.ts'

/** What every evaluation of one generation shares. */
export interface Conditions {
  readonly prompt: string
  /** The reward: the sum of weight x what each says. */
  readonly terms: readonly Term[]
  /** Longest side, in pixels, of the pictures that come with rewards; none unless said. */
  readonly pictureSide?: number
  /** Whose turn its rows wait for: payers share the model alike. Each generation is its own unless said. */
  readonly payer?: string
  /** Its rows get what those of the others leave. */
  readonly patient?: boolean
}

/** With what its reward has seen, where the generation is watched: small, or still to be drawn. */
export type SeenEvaluation = Evaluation & { readonly picture?: Picture | Path }

/** A finished output, and what the reward sees in it. */
export interface Rendering {
  readonly output: Output
  readonly reward: number
  /** What each term said, in their order. */
  readonly parts: readonly RewardPart[]
  /** Of the first term that counts; undefined where none does. */
  readonly found: Found | undefined
}

export interface Evaluator {
  /**
   * One evaluation an ask, same order; the same numbers however the asks are batched. Costs one NFE for each ask that
   * wants a velocity. Rejects with ModelError, and with what a term outside the graphs rejects with.
   */
  evaluate(asks: readonly Ask[]): Promise<readonly SeenEvaluation[]>
  /** The output of a clean latent, scored. Costs no NFE. Rejects as `evaluate` does. */
  render(latent: Float32Array): Promise<Rendering>
  /** NFEs spent for this generation, counted where the network runs. Still right after the thread has crashed. */
  nfe(): number
  /** Nothing can be evaluated after; once what is pending has settled, the conditions are forgotten. */
  end(): void
}

interface EvaluatorParts {
  readonly threads: Threads
  /** The batcher's; one evaluation a row. */
  readonly submit: (rows: readonly EvaluatorAsk[]) => Promise<readonly RowEvaluation[]>
  readonly evaluator: number
  readonly manifest: PackManifest
  readonly terms: readonly Term[]
  readonly spent: BigInt64Array
  /** Of a pack that gives paths. */
  readonly surroundings?: Surroundings | undefined
  /** Whether outputs come with rewards to be drawn for those who watch. */
  readonly drawn?: boolean
}

export function createEvaluator(on: EvaluatorParts): Evaluator {
  const { threads, submit, evaluator, manifest, terms, spent, surroundings, drawn = false } = on
  const made = (data: Float32Array): Output => outputOf(manifest, data, surroundings)
  const pending = new Set<Promise<unknown>>()
  let ended = false
  /** What is begun before the end is let come to its own. */
  const during = <T>(act: () => Promise<T>): Promise<T> => {
    if (ended) throw new ModelError('request', 'this evaluator has ended')
    const result = act().finally(() => pending.delete(result))
    pending.add(result)
    return result
  }
  return {
    evaluate: async (asks) => {
      for (const ask of asks) checkAsk(ask, { manifest, terms })
      const seen = await during(() => submit(asks.map((ask) => ({ ...ask, evaluator }))))
      for (const row of seen) checkFinite(row)
      const scored = seen.filter(({ rewards }) => rewards !== undefined)
      const outputs = new Map(seen.flatMap((row) => (row.image === undefined ? [] : [[row, made(row.image)]])))
      const outside = await scoreOutside(
        terms,
        scored.flatMap((row) => outputs.get(row) ?? []),
      )
      const parts = new Map(scored.map((row, at) => [row, partsOf(terms, { row, outside, at })]))
      return seen.map((row) => {
        const output = outputs.get(row)
        const picture = drawn && output?.kind === 'path' ? output : row.picture
        return { ...evaluationOf(row, parts.get(row), terms), ...(picture && { picture }) }
      })
    },
    render: async (latent) => {
      checkAsk({ latent, t: 0, wants: 'reward' }, { manifest, terms })
      const copy = latent.slice()
      const row = await during(() => threads.call('render', { evaluator, latent: copy }, [copy.buffer]))
      const output = made(row.image)
      const parts = partsOf(terms, { row, outside: await scoreOutside(terms, [output]), at: 0 })
      return { output, reward: sumOf(parts), parts, found: row.found }
    },
    nfe: () => readNfe(spent),
    end: () => {
      ended = true
      // A model that is gone has forgotten already.
      void Promise.allSettled(pending)
        .then(() => threads.callAll('end', { evaluator }))
        .catch(() => undefined)
    },
  }
}

/** The numbers of each pixel term, one an image. A path has no pixels: the edge offers no such term for it. */
const scoreOutside = (terms: readonly Term[], outputs: readonly Output[]): Promise<(readonly number[])[]> => {
  const images = outputs.filter((output) => output.kind === 'image')
  return Promise.all(images.length === 0 ? [] : terms.filter(isPixelTerm).map(({ score }) => score(images)))
}

/** What each term says of one row, in their order: graphs and pixel terms each in theirs. */
function partsOf(
  terms: readonly Term[],
  { row, outside, at }: { row: Pick<RowEvaluation, 'rewards'>; outside: readonly (readonly number[])[]; at: number },
): RewardPart[] {
  const inside = row.rewards?.values()
  const beyond = outside.values()
  return terms.map((term) => {
    const reward = isPixelTerm(term) ? beyond.next().value?.[at] : inside?.next().value
    return { name: term.name, weight: term.weight, reward: reward ?? Number.NaN }
  })
}

const sumOf = (parts: readonly RewardPart[]): number => {
  const sum = parts.reduce((total, { weight, reward }) => total + weight * reward, 0)
  // NaN loses every comparison, so a search would go on with it without a word.
  if (!Number.isFinite(sum)) throw new ModelError('graph', `a reward is ${sum}`)
  return sum
}

function evaluationOf(
  { velocity, gradients }: RowEvaluation,
  parts: readonly RewardPart[] | undefined,
  terms: readonly Term[],
): Evaluation {
  return {
    ...(velocity && { velocity }),
    ...(parts && { reward: sumOf(parts) }),
    ...(gradients && { gradient: weightedSum(gradients, terms) }),
  }
}

function weightedSum(gradients: readonly Float32Array[], terms: readonly Term[]): Float32Array {
  const sum = new Float32Array(gradients[0]?.length ?? 0)
  for (const [index, gradient] of gradients.entries()) addScaled(sum, terms[index]?.weight ?? 1, gradient)
  return sum
}

/** Throws ModelError (`request`) on an ask that no graph can answer, before anything is spent. */
function checkAsk(
  { latent, t, wants, gradient }: Ask,
  { manifest, terms }: { manifest: PackManifest; terms: readonly Term[] },
): void {
  const size = sizeOf(manifest.latent)
  if (latent.length !== size) throw new ModelError('request', `a latent has ${size} numbers here, got ${latent.length}`)
  if (!(t >= 0 && t <= 1)) throw new ModelError('request', `t must lie in [0, 1], got ${t}`)
  if (wants === 'reward' && t !== 0)
    throw new ModelError('request', `a reward alone is of a clean latent, t = 0; got t = ${t}`)
  const blind =
    gradient && terms.find((term) => isPixelTerm(term) || manifest.rewards[term.name]?.gradient === undefined)
  if (blind) throw new ModelError('request', `no graph of this pack gives the gradient of ${blind.name}`)
  if (!allFinite(latent)) throw new ModelError('request', 'a latent is not finite')
}

/** NaN loses every comparison, so a search would go on with it without a word. Not checked by batch: no other generation pays. */
function checkFinite({ velocity, rewards = [], gradients = [] }: RowEvaluation): void {
  if (velocity !== undefined && !allFinite(velocity)) throw new ModelError('graph', 'a velocity is not finite')
  for (const reward of rewards) if (!Number.isFinite(reward)) throw new ModelError('graph', `a reward is ${reward}`)
  if (!gradients.every(allFinite)) throw new ModelError('graph', 'the gradient of a reward is not finite')
}
