/** Where a generation's search begins: anew, where an earlier attempt left it, or where the search that it extends ended. */
import { nfePerEvaluation } from '../../shared/contract/pack.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { PackTask, SearchOrder } from '../engine/host-search.ts'
import type { Model } from '../engine/model.ts'
import type { Profiles } from '../pack/read-profiles.ts'
import { searchAtCost } from '../search/cost.ts'
import { profileHash } from '../search/profile.ts'
import type { Search } from '../search/search.ts'
import { SEARCHES } from '../search/searches.ts'
import { loadCheckpoint, type MidSearch } from './checkpoint.ts'

export interface SearchStart {
  readonly search: Search<unknown, unknown>
  /** The budget of its task counts what was used before, too. */
  readonly order: SearchOrder
  /** SHA-256 of the profile in the settings. */
  readonly profileSha256?: string
  /** NFEs used before by the searches that this one extends; they were charged there. */
  readonly nfeBefore: number
  /** What earlier attempts of this generation did: the lines of their trace, and the NFEs up to there. */
  readonly trace: string
  readonly nfeResumed: number
}

interface StartContext {
  readonly bucket: Bucket
  readonly model: Model
  readonly profiles: Profiles
}

export const startSearch = async (on: StartContext, generation: GenerationItem): Promise<SearchStart> =>
  (await resumeSearch(on, generation)) ?? beginSearch(on, generation)

/** Undefined without a state to go on from. One that cannot be read costs time, never the generation: it begins anew. */
const resumeSearch = async (on: StartContext, generation: GenerationItem): Promise<SearchStart | undefined> => {
  const { resume } = generation
  if (resume === undefined) return undefined
  try {
    const {
      state,
      trace,
      nfe_before: nfeBefore,
      profile_sha256,
    } = (await loadCheckpoint(on.bucket, resume)) as MidSearch
    const search = searchOf(generation, on.model)
    const nfeResumed = search.progress(state).nfeUsed - nfeBefore
    if (nfeResumed !== resume.nfe_used) throw new Error(`${resume.key} holds ${nfeResumed} NFEs`)
    return {
      search,
      // Its settings are in the state, with the profile of the runner that began.
      order: { search: generation.search, task: taskOf(generation, nfeBefore), from: state },
      ...(profile_sha256 !== undefined && { profileSha256: profile_sha256 }),
      nfeBefore,
      trace,
      nfeResumed,
    }
  } catch (error) {
    console.error(JSON.stringify({ level: 'warn', where: 'resume', generation: generation.id, error: String(error) }))
    return undefined
  }
}

const ANEW = { trace: '', nfeResumed: 0 }

const beginSearch = async (on: StartContext, generation: GenerationItem): Promise<SearchStart> => {
  const search = searchOf(generation, on.model)
  const { search: name, extends: extended } = generation
  if (extended === undefined) {
    const { settings, ...profile } = settingsOf(generation, on.profiles)
    return { search, order: { search: name, settings, task: taskOf(generation, 0) }, ...profile, nfeBefore: 0, ...ANEW }
  }
  // Its settings, a profile among them, are in the state that it goes on from.
  const ended = await loadCheckpoint(on.bucket, extended.checkpoint)
  const { nfeBudget: nfe, targetReward } = taskOf(generation, 0)
  const from = search.extend(ended, { nfe, ...(targetReward !== undefined && { targetReward }) })
  const nfeBefore = search.progress(from).nfeUsed
  return { search, order: { search: name, task: taskOf(generation, nfeBefore), from }, nfeBefore, ...ANEW }
}

const searchOf = ({ search }: GenerationItem, { manifest }: Model): Search<unknown, unknown> =>
  searchAtCost(SEARCHES[search] as Search<unknown, unknown>, nfePerEvaluation(manifest))

/** A profile is of one reward; of others, composites included, `adaptive` knows nothing before it begins. */
const settingsOf = ({ search, reward }: GenerationItem, profiles: Profiles) => {
  const profile = profiles.get(reward.name)
  return search === 'adaptive' && profile !== undefined
    ? { settings: { ...SEARCHES.adaptive.defaults, profile }, profileSha256: profileHash(profile) }
    : { settings: SEARCHES[search].defaults }
}

/** @param nfeBefore NFEs that its state begins with. */
const taskOf = (generation: GenerationItem, nfeBefore: number): PackTask => ({
  nfeBudget: nfeBefore + generation.nfe_budget,
  seed: generation.seed,
  ...(generation.target_reward !== undefined && { targetReward: generation.target_reward }),
  outputs: generation.n_outputs ?? 1,
})
