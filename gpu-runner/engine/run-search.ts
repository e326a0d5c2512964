/** Runs one search: ask, evaluate, tell, until it is done or is told to stop. */
import type { Answer, Ask, Evaluation, Search, SearchStop, SearchTask, Told } from '../search/search.ts'
import type { Interruption } from './interruption.ts'

export interface SearchRun<State, Settings> {
  readonly search: Search<State, Settings>
  /** The search's defaults unless said. */
  readonly settings?: Settings
  readonly task: SearchTask
  /** NFEs that the pack takes for one evaluation, as the search counts them; 1 unless said. */
  readonly nfePerEvaluation?: number
  /** One evaluation an ask, same order. */
  readonly evaluate: (asks: readonly Ask[]) => Promise<readonly Evaluation[]>
  /** Where to go on from, as `onTold` gave it; from the start unless said. */
  readonly from?: State
  /** Asked before every evaluation; anything but undefined ends the search there, with nothing more spent. */
  readonly shouldStop?: () => Interruption | undefined
  /** The next state, and the candidates told, in order. */
  readonly onTold?: (told: Told<State>) => void
}

export interface SearchOutcome {
  /** Best first. Empty only when the search was stopped before its first evaluation. */
  readonly answers: readonly Answer[]
  /** NFEs of all evaluations asked for, those before a checkpoint included. */
  readonly nfeUsed: number
  readonly stop: SearchStop | Interruption
  /** Records of the candidates told in this run. */
  readonly records: number
}

/** A search that broke its contract: a bug of the search, found before it could spend what it must not. */
export class SearchFault extends Error {
  constructor(search: string, sentence: string) {
    super(`${search} ${sentence}`)
    this.name = 'SearchFault'
  }
}

/**
 * Costs `nfePerEvaluation` for each ask that wants a velocity, never more than the task's budget in sum. Rejects with what `evaluate`
 * rejects with, and with SearchFault when the search asks beyond its budget, asks nothing, or counts otherwise than here.
 */
export async function runSearch<State, Settings>(run: SearchRun<State, Settings>): Promise<SearchOutcome> {
  const { search, task, nfePerEvaluation = 1, evaluate, shouldStop = () => undefined } = run
  let state = run.from ?? search.start(task, run.settings ?? search.defaults)
  let nfeUsed = search.progress(state).nfeUsed
  let records = 0
  let interruption: Interruption | undefined

  while (!search.done(state)) {
    interruption = shouldStop()
    if (interruption !== undefined) break
    const asks = search.ask(state)
    if (asks.length === 0) throw new SearchFault(search.name, 'asks nothing and is not done')
    nfeUsed += nfePerEvaluation * asks.filter(({ wants }) => wants !== 'reward').length
    if (nfeUsed > task.nfeBudget)
      throw new SearchFault(search.name, `asks for ${nfeUsed} NFEs where its budget is ${task.nfeBudget}`)
    const told = search.tell(state, await evaluate(asks))
    state = told.state
    records += told.records.length
    run.onTold?.(told)
    const counted = search.progress(state).nfeUsed
    if (counted !== nfeUsed)
      throw new SearchFault(search.name, `counts ${counted} NFEs where ${nfeUsed} were evaluated`)
  }
  const stop = interruption ?? search.stop(state)
  if (stop === undefined) throw new SearchFault(search.name, 'is done and does not say why')
  return { answers: search.answers(state), nfeUsed, stop, records }
}
