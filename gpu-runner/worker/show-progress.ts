/** Shows how a search stands: now and then, one write at a time, without holding the search up. */
import type { Progress } from '../../shared/contract/generation.ts'
import { progressEventId } from '../../shared/contract/live-event.ts'
import { type GenerationItem, writeProgress } from '../../shared/stores/generations.ts'
import { putLiveEvent } from '../../shared/stores/live-events.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { SearchProgress } from '../search/search.ts'
import { type ShownCandidates, UNWATCHED } from './show-candidates.ts'

export interface ShownProgress {
  show(progress: SearchProgress): void
  /** What was shown last, written or not. */
  last(): Progress | undefined
  /** Writes what was shown and not written; resolves when nothing is being written any more. */
  settled(): Promise<void>
}

export interface ShowProgress {
  readonly table: Table
  readonly now: () => number
  readonly generation: GenerationItem
  /** What people who watch see of the candidates, where that is wanted. */
  readonly candidates?: ShownCandidates
}

const PROGRESS_EVERY_MS = 400
/** Events kept of one attempt: a long search shows one for each four-hundredth of its budget. */
const MAX_EVENTS = 400

/** A lost write is no loss: the next one says more. */
export const showProgress = (on: ShowProgress): ShownProgress => {
  const write = progressWriter(on)
  let writing: Promise<unknown> | undefined
  let lastAt = 0
  let last: SearchProgress | undefined
  let written: SearchProgress | undefined
  const begin = (progress: SearchProgress) => {
    lastAt = on.now()
    written = progress
    writing = write(progress)
      .catch((error) => console.error(JSON.stringify({ level: 'warn', where: 'progress', error: String(error) })))
      .finally(() => {
        writing = undefined
      })
  }
  return {
    last: () => last && viewProgress(last),
    show: (progress) => {
      last = progress
      if (writing === undefined && on.now() - lastAt >= PROGRESS_EVERY_MS) begin(progress)
    },
    settled: async () => {
      await writing
      // The last candidates are those that people wait for.
      if (on.candidates !== undefined && last !== undefined && last !== written) begin(last)
      await writing
    },
  }
}

/** The generation first, by the lease's fence; an event only while the lease holds. */
const progressWriter = ({ table, now, generation, candidates }: ShowProgress) => {
  const { account_id: accountId, id: generationId, fence } = generation
  let written = 0
  let nextEventAtNfe = 0
  return async (shown: SearchProgress): Promise<void> => {
    const progress = viewProgress(shown)
    if (!(await writeProgress(table, { accountId, generationId, fence, progress }))) return
    if (shown.nfeUsed < nextEventAtNfe || written >= MAX_EVENTS) return
    nextEventAtNfe = shown.nfeUsed + generation.nfe_budget / MAX_EVENTS
    const watched = (await candidates?.take(shown)) ?? UNWATCHED
    const event = { ...progress, attempt: fence, at: new Date(now()).toISOString(), ...watched }
    await putLiveEvent(table, { accountId, generationId, id: progressEventId(fence, ++written), event, now: now() })
  }
}

const viewProgress = (progress: SearchProgress): Progress => ({
  step: progress.step,
  steps: progress.steps,
  nfe_used: progress.nfeUsed,
  best_reward: progress.bestReward ?? null,
  quota: progress.quota,
  rolled_over: progress.rolledOver,
})
