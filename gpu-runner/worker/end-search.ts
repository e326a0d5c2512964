/** From an ended search to the ending to write: outputs and trace stored, the bill counted where the network runs. */
import type { Progress } from '../../shared/contract/generation.ts'
import { UNWORKED_CANCEL, UNWORKED_EXPIRY } from '../../shared/domain/unworked-ending.ts'
import type { Ending, GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { ContentCheck } from '../content/check-content.ts'
import type { Evaluator } from '../engine/evaluator.ts'
import type { SearchOutcome } from '../engine/run-search.ts'
import type { Search } from '../search/search.ts'
import { storeCheckpoint } from './checkpoint.ts'
import { type SearchTrace, storeTrace } from './record-trace.ts'
import { imagesRefused } from './refused-content.ts'
import { storeOutputs } from './store-outputs.ts'

export interface EndedSearch {
  readonly generation: GenerationItem
  readonly search: Search<unknown, unknown>
  readonly evaluator: Evaluator
  /** NFEs of this generation alone. */
  readonly outcome: SearchOutcome & { readonly stop: Exclude<SearchOutcome['stop'], 'stopped'> }
  /** NFEs that earlier attempts evaluated and that this one went on from. */
  readonly nfeResumed: number
  readonly trace: SearchTrace
  readonly profileSha256?: string
  /** What the search ended with. */
  readonly state: unknown
  readonly progress: Progress | undefined
}

/** Costs no NFE. Rejects when the counts of search and model differ, which must never become a bill. */
export const endSearch = async (on: { bucket: Bucket; content: ContentCheck }, ended: EndedSearch): Promise<Ending> => {
  const { generation, evaluator, outcome, progress } = ended
  const nfeUsed = chargedNfe(ended, outcome.nfeUsed)
  if (outcome.answers.length === 0) {
    // Interrupted before its first candidate: there is nothing to show and nothing to charge.
    if (nfeUsed > 0) throw new Error('the search has no answer')
    return outcome.stop === 'canceled' ? UNWORKED_CANCEL : UNWORKED_EXPIRY
  }
  const stored = await storeOutputs(on, { generation, evaluator, answers: outcome.answers })
  if ('refused' in stored) return imagesRefused(stored.refused)
  const trace = ended.trace.lines() === 0 ? undefined : await storeTrace(on.bucket, ended)
  const checkpoint = await storeCheckpoint(on.bucket, ended)
  return {
    status: outcome.stop === 'canceled' ? 'canceled' : 'succeeded',
    stop_reason: outcome.stop,
    nfe_used: nfeUsed,
    ...stored,
    ...(trace && { trace }),
    ...(checkpoint && { checkpoint }),
    ...(progress && { progress }),
  }
}

/**
 * What is charged is what the network evaluated; the search's own count must agree with the model's. What an attempt
 * evaluated after its last checkpoint died with it: the trace does not show it, and nobody pays for it.
 */
const chargedNfe = ({ evaluator, nfeResumed }: EndedSearch, nfeOfSearch: number): number => {
  const counted = nfeResumed + evaluator.nfe()
  if (counted !== nfeOfSearch) throw new Error(`the model counted ${counted} NFEs, the search ${nfeOfSearch}`)
  return counted
}
