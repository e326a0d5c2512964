/** A search in the thread that has the graphs: between two evaluations no other thread has to wake. Its owner hears of it now and then. */
import { nfePerEvaluation, type PackManifest } from '../../shared/contract/pack.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { sizeOf } from '../pack/graph-signature.ts'
import { searchAtCost } from '../search/cost.ts'
import type { Ask, CandidateRecord, Search, SearchProgress, SearchTask } from '../search/search.ts'
import { SEARCHES, type SearchName } from '../search/searches.ts'
import type { Seen, SeenEvaluation } from './evaluate-asks.ts'
import type { Interruption } from './interruption.ts'
import { runSearch, type SearchOutcome } from './run-search.ts'

/** What a pack does not say itself. */
export type PackTask = Omit<SearchTask, 'latentSize' | 'native' | 'timeShift'>

export interface SearchOrder {
  readonly search: SearchName
  /** The search's defaults unless said. */
  readonly settings?: unknown
  readonly task: PackTask
  /** Where to go on from: the state of a report, or what the search's `extend` gave. From the start unless said. */
  readonly from?: unknown
}

/** What was told since the last report. */
export interface SearchReport {
  /** In order; none where nothing was told. */
  readonly records: readonly CandidateRecord[]
  /** What the reward has seen of each record, of a generation that is watched. */
  readonly pictures: readonly (Seen | undefined)[]
  /** As it stands behind them; undefined before the first evaluation. */
  readonly stand?: { readonly state: unknown; readonly progress: SearchProgress }
}

export interface HostedSearch {
  readonly manifest: PackManifest
  readonly order: SearchOrder
  readonly evaluate: (asks: readonly Ask[]) => Promise<readonly SeenEvaluation[]>
  readonly shouldStop: () => Interruption | undefined
  readonly report: (report: SearchReport) => void
  /** Not more often: a report copies the state. */
  readonly reportEveryMs: number
}

/** The task of a search on a pack. */
export const taskOn = ({ latent, native }: Pick<PackManifest, 'latent' | 'native'>, task: PackTask): SearchTask => ({
  ...task,
  latentSize: sizeOf(latent),
  native: interpolantNamed(native.interpolant),
  timeShift: native.time_shift,
})

/** Resolves with what has not been reported; costs, and rejects, as `runSearch` does. */
export async function hostSearch(on: HostedSearch): Promise<{ outcome: SearchOutcome; last: SearchReport }> {
  const { manifest, order, evaluate, shouldStop } = on
  const cost = nfePerEvaluation(manifest)
  const search = searchAtCost(SEARCHES[order.search] as Search<unknown, unknown>, cost)
  let evaluated: readonly SeenEvaluation[] = []
  let records: CandidateRecord[] = []
  let pictures: SearchReport['pictures'][number][] = []
  let state: unknown
  let reportedAt = Number.NEGATIVE_INFINITY
  let reporting: NodeJS.Timeout | undefined
  const report = () => {
    reportedAt = performance.now()
    clearTimeout(reporting)
    reporting = undefined
    on.report(take())
  }
  const take = (): SearchReport => {
    const taken = {
      records,
      pictures,
      ...(state !== undefined && { stand: { state, progress: search.progress(state) } }),
    }
    records = []
    pictures = []
    return taken
  }
  const outcome = await runSearch({
    search,
    ...(order.settings !== undefined && { settings: order.settings }),
    task: taskOn(manifest, order.task),
    nfePerEvaluation: cost,
    ...(order.from !== undefined && { from: order.from }),
    evaluate: async (asks) => {
      evaluated = await evaluate(asks)
      return evaluated
    },
    shouldStop,
    onTold: (told) => {
      state = told.state
      records.push(...told.records)
      pictures.push(...told.records.map((_, at) => evaluated[at]?.picture))
      const dueMs = reportedAt + on.reportEveryMs - performance.now()
      if (dueMs <= 0) report()
      else reporting ??= setTimeout(report, dueMs)
    },
  }).finally(() => clearTimeout(reporting))
  return { outcome, last: take() }
}
