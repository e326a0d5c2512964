/** Runs the search that a leased generation asks for, until it ends or must end, and says how the generation ends. */
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import type { Ending, GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { ContentCheck } from '../content/check-content.ts'
import type { Conditions, Evaluator } from '../engine/evaluator.ts'
import type { SearchReport } from '../engine/host-search.ts'
import type { Interruption } from '../engine/interruption.ts'
import type { Model } from '../engine/model.ts'
import type { SearchOutcome } from '../engine/run-search.ts'
import type { Profiles } from '../pack/read-profiles.ts'
import type { SearchProgress } from '../search/search.ts'
import type { MidSearch } from './checkpoint.ts'
import { type EndedSearch, endSearch } from './end-search.ts'
import { StoppedWaiting, untilHandBack } from './hand-back.ts'
import { type CheckpointEvery, keepCheckpoints } from './keep-checkpoints.ts'
import type { LeaseKeeper } from './keep-lease.ts'
import { recordTrace } from './record-trace.ts'
import { promptRefused } from './refused-content.ts'
import { rewardTerms } from './reward-terms.ts'
import { PICTURE_SIDE, showCandidates } from './show-candidates.ts'
import { showProgress } from './show-progress.ts'
import { type SearchStart, startSearch } from './start-search.ts'
import { type CancelWatch, watchCancel } from './watch-cancel.ts'

export interface SearchContext {
  readonly table: Table
  readonly bucket: Bucket
  readonly model: Model
  readonly content: ContentCheck
  /** What `adaptive` has learned of the pack's rewards. */
  readonly profiles: Profiles
  /** Which scoring servers may be asked. */
  readonly webhooks: AddressPolicy
  readonly checkpointEvery: CheckpointEvery
  readonly stopping: AbortSignal
  readonly now: () => number
}

/** Thrown when another runner may have taken over: this one must write nothing more. */
export class LeaseLost extends Error {}

/** The ending to write, or `stopped` when this process was told to hand its work back. */
export const searchGeneration = async (
  on: SearchContext,
  { generation, keeper }: { generation: GenerationItem; keeper: LeaseKeeper },
): Promise<Ending | 'stopped'> => {
  const refused = await on.content.prompt(generation.prompt)
  if (refused !== undefined) return promptRefused(refused)
  const started = await startSearch(on, generation)
  const { search, nfeBefore, nfeResumed } = started
  const watched = generation.previews === true
  const evaluator = await on.model.begin(conditionsOf(on, generation))
  const watch = watchCancel({ table: on.table, named: namedOf(generation) })
  const trace = recordTrace({ reward: generation.reward.name, nfeBefore, written: started.trace })
  let state = started.order.from
  const candidates = watched ? showCandidates(on.content, nfeBefore) : undefined
  const progress = showProgress({ table: on.table, now: on.now, generation, ...(candidates && { candidates }) })
  const checkpoints = keepCheckpoints({ ...on, every: on.checkpointEvery, generation, nfeResumed })
  const onReport = ({ records, pictures, stand }: SearchReport): void => {
    trace.add(records)
    candidates?.add(records, pictures)
    if (stand === undefined) return
    state = stand.state
    const own = ownProgress(stand.progress, nfeBefore)
    checkpoints.note(() => midSearch(stand.state, started, trace.text()), own.nfeUsed)
    progress.show(own)
  }
  try {
    const searched = evaluator.search({
      ...started.order,
      interruption: () => interruptionOf(on, generation, { keeper, watch }),
      onReport,
    })
    const outcome = await endOf(on, evaluator, searched)
    await Promise.all([progress.settled(), outcome === 'stopped' ? checkpoints.flush() : checkpoints.settled()])
    if (keeper.lost()) throw new LeaseLost(generation.id)
    if (outcome === 'stopped') return 'stopped'
    const ended = endSearch(on, {
      generation,
      search,
      evaluator,
      outcome: { ...outcome, nfeUsed: outcome.nfeUsed - nfeBefore },
      nfeResumed,
      trace,
      ...(started.profileSha256 !== undefined && { profileSha256: started.profileSha256 }),
      state,
      progress: progress.last(),
    })
    return await ended.catch(async (error) => {
      // The next try begins at the end of the search: it repeats no evaluation, and counts as one that did not get on.
      await checkpoints.flush()
      throw error
    })
  } finally {
    watch.stop()
    evaluator.end()
  }
}

const conditionsOf = (on: SearchContext, generation: GenerationItem): Conditions => ({
  prompt: generation.prompt,
  terms: rewardTerms(on, generation),
  payer: generation.account_id,
  patient: generation.priority === 'low',
  ...(generation.previews === true && { pictureSide: PICTURE_SIDE }),
})

/** `stopped` when the search was, or when this process can wait for it no longer. */
const endOf = async (
  on: SearchContext,
  evaluator: Evaluator,
  searched: Promise<SearchOutcome>,
): Promise<EndedSearch['outcome'] | 'stopped'> => {
  try {
    const { stop, ...outcome } = await untilHandBack(on.stopping, searched)
    return stop === 'stopped' ? 'stopped' : { ...outcome, stop }
  } catch (error) {
    if (!(error instanceof StoppedWaiting)) throw error
    // What is still evaluated is heard no more: what is stored now is handed back.
    evaluator.end()
    return 'stopped'
  }
}

const midSearch = (state: unknown, { nfeBefore, profileSha256 }: SearchStart, trace: string): MidSearch => ({
  state,
  trace,
  nfe_before: nfeBefore,
  ...(profileSha256 !== undefined && { profile_sha256: profileSha256 }),
})

/** An extension shows its own NFEs; those before were shown, and charged, with the search that it extends. */
const ownProgress = (told: SearchProgress, nfeBefore: number): SearchProgress => ({
  ...told,
  nfeUsed: told.nfeUsed - nfeBefore,
})

/** A canceled search ends even when this process is told to stop: handing it back would throw its best so far away. */
const interruptionOf = (
  on: SearchContext,
  generation: GenerationItem,
  { keeper, watch }: { keeper: LeaseKeeper; watch: CancelWatch },
): Interruption | undefined => {
  if (keeper.lost()) return 'stopped'
  if (watch.requested()) return 'canceled'
  if (generation.deadline_at !== undefined && on.now() >= generation.deadline_at) return 'deadline'
  return on.stopping.aborted ? 'stopped' : undefined
}

const namedOf = ({ account_id: accountId, id: generationId }: GenerationItem) => ({ accountId, generationId })
