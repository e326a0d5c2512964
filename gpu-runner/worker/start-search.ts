/** Where a generation's search begins: anew, or, for an extension, where the search that it extends has ended. */
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Model } from '../engine/model.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { type Profile, profileHash } from '../search/profile.ts'
import type { Search, SearchTask } from '../search/search.ts'
import { SEARCHES } from '../search/searches.ts'
import { loadCheckpoint } from './checkpoint.ts'

export interface SearchStart {
  readonly search: Search<unknown, unknown>
  readonly settings: unknown
  /** SHA-256 of the profile in the settings. */
  readonly profileSha256?: string
  /** Its budget counts what was used before, too. */
  readonly task: SearchTask
  readonly from?: unknown
  /** NFEs used before by the searches that this one extends; they were charged there. */
  readonly nfeBefore: number
}

export const startSearch = async (
  on: { bucket: Bucket; model: Model; profile?: Profile },
  generation: GenerationItem,
): Promise<SearchStart> => {
  const search: Search<unknown, unknown> = SEARCHES[generation.search]
  const task = taskOf(generation, on.model)
  if (generation.extends === undefined) return { search, task, ...settingsOf(generation, on.profile), nfeBefore: 0 }
  // Its settings, a profile among them, are in the state that it goes on from.
  const settings = search.defaults
  const ended = await loadCheckpoint(on.bucket, generation.extends.checkpoint)
  if (search.extend === undefined) throw new Error(`${generation.search} cannot be extended`)
  const { nfeBudget: nfe, targetReward } = task
  const from = search.extend(ended, { nfe, ...(targetReward !== undefined && { targetReward }) })
  const nfeBefore = search.progress(from).nfeUsed
  return { search, settings, task: { ...task, nfeBudget: nfeBefore + task.nfeBudget }, from, nfeBefore }
}

const settingsOf = ({ search }: GenerationItem, profile: Profile | undefined) =>
  search === 'adaptive' && profile !== undefined
    ? { settings: { ...SEARCHES.adaptive.defaults, profile }, profileSha256: profileHash(profile) }
    : { settings: SEARCHES[search].defaults }

const taskOf = (generation: GenerationItem, { manifest }: Model): SearchTask => ({
  nfeBudget: generation.nfe_budget,
  seed: generation.seed,
  latentSize: manifest.latent.reduce((product, size) => product * size, 1),
  native: interpolantNamed(manifest.native.interpolant),
  ...(generation.target_reward !== undefined && { targetReward: generation.target_reward }),
  outputs: generation.n_outputs ?? 1,
})
