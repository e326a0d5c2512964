/** A search of a pack whose evaluations cost more than one NFE each, as they do with classifier-free guidance. */
import type { CandidateRecord, Search, SearchProgress, SearchTask } from './search.ts'

/**
 * The same search, counted in NFEs: inside it one evaluation is one, outside it is `nfePerEvaluation`, in budget, progress and
 * trace alike. NFEs that are too few for one more evaluation stay unspent. The state is that of the search inside.
 * @param nfePerEvaluation an integer >= 1; at 1 the search itself is returned. `start` throws RangeError on a budget below it.
 */
export function searchAtCost<State, Settings>(
  search: Search<State, Settings>,
  nfePerEvaluation: number,
): Search<State, Settings> {
  if (nfePerEvaluation === 1) return search
  const evaluationsIn = (nfe: number) => Math.floor(nfe / nfePerEvaluation)
  return {
    ...search,
    start: (task: SearchTask, settings) =>
      search.start({ ...task, nfeBudget: evaluationsIn(task.nfeBudget) }, settings),
    tell: (state, evaluations) => {
      const told = search.tell(state, evaluations)
      return { ...told, records: told.records.map((record) => recordAt(record, nfePerEvaluation)) }
    },
    progress: (state) => progressAt(search.progress(state), nfePerEvaluation),
    leastMore: (state) => {
      const evaluations = search.leastMore(state)
      return evaluations === undefined ? undefined : evaluations * nfePerEvaluation
    },
    extend: (state, more) => search.extend(state, { ...more, nfe: evaluationsIn(more.nfe) }),
  }
}

const recordAt = (record: CandidateRecord, cost: number): CandidateRecord => ({
  ...record,
  nfe: record.nfe * cost,
  quota: record.quota * cost,
})

const progressAt = (progress: SearchProgress, cost: number): SearchProgress => ({
  ...progress,
  nfeUsed: progress.nfeUsed * cost,
  quota: progress.quota * cost,
  rolledOver: progress.rolledOver * cost,
})
