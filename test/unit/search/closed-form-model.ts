/** A model that costs nothing: the exact velocity of a mixture of Gaussians, and a reward on the clean latent. */
import { interpolantNamed, linear } from '../../../gpu-runner/flow/interpolant.ts'
import type {
  Answer,
  Ask,
  CandidateRecord,
  Evaluation,
  Search,
  SearchStop,
  SearchTask,
} from '../../../gpu-runner/search/search.ts'
import { denoisedOf, type Mixture, velocityOf } from '../flow/mixture.ts'

export const MIXTURE: Mixture = {
  weights: [0.5, 0.3, 0.2],
  means: [
    [-1.5, 0.5, 0, 1],
    [1, -0.8, 1, 0],
    [0.3, 1.2, -1, -1],
  ],
  deviation: 0.3,
}

/** A rare corner of the smallest component. */
const WISHED = [0.6, 1.5, -1.3, -0.7]

export function rewardOf(clean: ArrayLike<number>): number {
  return -WISHED.reduce((sum, wish, i) => sum + (wish - (clean[i] ?? 0)) ** 2, 0)
}

/** The reward's gradient with respect to the clean latent. */
export function rewardGradientOf(clean: ArrayLike<number>): Float32Array {
  return Float32Array.from(WISHED, (wish, i) => 2 * (wish - (clean[i] ?? 0)))
}

export function evaluate({ latent, t, wants, gradient }: Ask, native = 'linear'): Evaluation {
  const p = interpolantNamed(native)
  if (wants === 'reward') return { reward: rewardOf(latent) }
  const velocity = Float32Array.from(velocityOf(MIXTURE, p, { x: latent, t }))
  if (wants === 'velocity') return { velocity }
  const clean = denoisedOf(MIXTURE, p, { x: latent, t })
  const scored = { velocity, reward: rewardOf(clean) }
  return gradient ? { ...scored, gradient: rewardGradientOf(clean) } : scored
}

export function task(over: Partial<SearchTask> = {}): SearchTask {
  return { nfeBudget: 60, seed: 7, latentSize: 4, native: linear, outputs: 1, ...over }
}

export interface Run<State> {
  readonly answers: readonly Answer[]
  readonly records: readonly CandidateRecord[]
  /** NFEs counted at the model. */
  readonly nfe: number
  readonly stop: SearchStop | undefined
  readonly state: State
}

/** Drives a search to its end, or for `rounds` rounds; `between` may replace the state after each. */
export function drive<State, Settings>(
  search: Search<State, Settings>,
  state: State,
  { rounds = Infinity, between = (s: State) => s }: { rounds?: number; between?: (state: State) => State } = {},
): Run<State> {
  let nfe = 0
  const records: CandidateRecord[] = []
  for (let round = 0; round < rounds && !search.done(state); round++) {
    const asks = search.ask(state)
    nfe += asks.filter(({ wants }) => wants !== 'reward').length
    const told = search.tell(
      state,
      asks.map((ask) => evaluate(ask)),
    )
    records.push(...told.records)
    state = between(told.state)
  }
  return { answers: search.answers(state), records, nfe, stop: search.stop(state), state }
}
