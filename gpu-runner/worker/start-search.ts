/** Where a generation's search begins: anew, or, for an extension, where the search that it extends has ended. */
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Model } from '../engine/model.ts'
import { topUpState } from '../engine/top-up.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import type { Search, SearchTask } from '../search/search.ts'
import { SEARCHES } from '../search/searches.ts'
import { loadCheckpoint } from './checkpoint.ts'

export interface SearchStart {
  readonly search: Search<unknown, unknown>
  /** Its budget counts what was used before, too. */
  readonly task: SearchTask
  readonly from?: unknown
  /** NFEs used before by the searches that this one extends; they were charged there. */
  readonly nfeBefore: number
}

export const startSearch = async (
  on: { bucket: Bucket; model: Model },
  generation: GenerationItem,
): Promise<SearchStart> => {
  const search: Search<unknown, unknown> = SEARCHES[generation.search]
  const task = taskOf(generation, on.model)
  if (generation.extends === undefined) return { search, task, nfeBefore: 0 }
  const ended = await loadCheckpoint(on.bucket, generation.extends.checkpoint)
  const from = topUpState(generation.search, ended, { nfe: task.nfeBudget, targetReward: task.targetReward })
  if (from === undefined) throw new Error(`${generation.search} cannot be extended`)
  const nfeBefore = search.progress(from).nfeUsed
  return { search, task: { ...task, nfeBudget: nfeBefore + task.nfeBudget }, from, nfeBefore }
}

const taskOf = (generation: GenerationItem, { manifest }: Model): SearchTask => ({
  nfeBudget: generation.nfe_budget,
  seed: generation.seed,
  latentSize: manifest.latent.reduce((product, size) => product * size, 1),
  native: interpolantNamed(manifest.native.interpolant),
  ...(generation.target_reward !== undefined && { targetReward: generation.target_reward }),
  outputs: generation.n_outputs ?? 1,
})
