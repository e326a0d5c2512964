/** The model under the conditions of one generation, as its owner has it. What it is asked is worked out in one of the model's threads. */
import type { Term } from '../reward/terms.ts'
import type { Ask } from '../search/search.ts'
import type { SeenEvaluation } from './evaluate-asks.ts'
import type { SearchOrder, SearchReport } from './host-search.ts'
import { createInterruption, type Interruption, writeInterruption } from './interruption.ts'
import { readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import type { Rendering } from './render-latent.ts'
import type { SearchOutcome } from './run-search.ts'
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

/** A search, and who hears of it. */
export interface SearchWatch extends SearchOrder {
  /** Looked at now and then; anything but undefined ends the search before its next evaluation. */
  readonly interruption?: () => Interruption | undefined
  /** Now and then, and once when the search has ended by itself or was interrupted; never after the evaluator's end. */
  readonly onReport?: (report: SearchReport) => void
}

export interface Evaluator {
  /**
   * One evaluation an ask, same order; the same numbers however the asks are batched. Costs one NFE for each ask that
   * wants a velocity. Rejects with ModelError, and with what a term outside the graphs rejects with.
   */
  evaluate(asks: readonly Ask[]): Promise<readonly SeenEvaluation[]>
  /**
   * A search from its start, or from where it stood, to its end, one at a time. Costs as `runSearch` does. Rejects as `evaluate` does, and
   * with what `onReport` throws.
   */
  search(watch: SearchWatch): Promise<SearchOutcome>
  /** The output of a clean latent, scored. Costs no NFE. Rejects as `evaluate` does. */
  render(latent: Float32Array): Promise<Rendering>
  /** NFEs spent for this generation, counted where the network runs. Still right after the thread has crashed. */
  nfe(): number
  /** Nothing can be evaluated after; once what is pending has settled, the conditions are forgotten. */
  end(): void
}

/** What a thread may ask of this generation's owner meanwhile. */
export interface Owned {
  readonly terms: readonly Term[]
  onReport?: (report: SearchReport) => void
  /** Why a term outside the graphs could not be scored. */
  failure?: unknown
}

interface EvaluatorParts {
  readonly threads: Threads
  readonly evaluator: number
  readonly owned: Owned
  readonly spent: BigInt64Array
  readonly onEnd: () => void
}

/** How exact deadlines are, but for the evaluation that runs. */
const LOOK_EVERY_MS = 50

export function createEvaluator({ threads, evaluator, owned, spent, onEnd }: EvaluatorParts): Evaluator {
  const pending = new Set<Promise<unknown>>()
  let ended = false
  /** What is begun before the end is let come to its own. */
  const during = <T>(act: () => Promise<T>): Promise<T> => {
    if (ended) throw new ModelError('request', 'this evaluator has ended')
    const result = act()
      .catch((error) => {
        throw error instanceof ModelError && error.fault === 'outside' ? owned.failure : error
      })
      .finally(() => pending.delete(result))
    pending.add(result)
    return result
  }
  return {
    evaluate: async (asks) => during(() => threads.call('evaluate', { evaluator, asks })),
    search: async ({ interruption = () => undefined, onReport = () => undefined, ...order }) => {
      if (owned.onReport !== undefined) throw new ModelError('request', 'this evaluator has a search that runs')
      const shared = createInterruption()
      let failure: { readonly error: unknown } | undefined
      const look = () => writeInterruption(shared, failure ? 'stopped' : interruption())
      look()
      const looking = setInterval(look, LOOK_EVERY_MS)
      const hear = (report: SearchReport) => {
        if (ended || failure !== undefined) return
        try {
          onReport(report)
        } catch (error) {
          // What was not heard is in no trace: the search is worth nothing any more.
          failure = { error }
        }
      }
      owned.onReport = hear
      try {
        const request = { evaluator, order, interruption: shared }
        const { outcome, last } = await during(() => threads.call('search', request))
        hear(last)
        if (failure !== undefined) throw (failure as { error: unknown }).error
        return outcome
      } finally {
        clearInterval(looking)
        delete owned.onReport
      }
    },
    render: async (latent) => during(() => threads.call('render', { evaluator, latent })),
    nfe: () => readNfe(spent),
    end: () => {
      if (ended) return
      ended = true
      void Promise.allSettled(pending)
        .then(() => threads.callAll('end', { evaluator }))
        // A model that is gone has forgotten already.
        .catch(() => undefined)
        .finally(onEnd)
    },
  }
}
