/** Where a generation's search begins: anew, where an earlier attempt left it, or where the search that it extends ended. */
import { nfePerEvaluation } from '../../shared/contract/pack.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Model } from '../engine/model.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import type { Profiles } from '../pack/read-profiles.ts'
import { searchAtCost } from '../search/cost.ts'
import { profileHash } from '../search/profile.ts'
import type { Search, SearchTask } from '../search/search.ts'
import { SEARCHES } from '../search/searches.ts'
import { loadCheckpoint, type MidSearch } from './checkpoint.ts'

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
    const task = taskOf(generation, on.model)
    return {
      search,
      // They are in the state, with the profile of the runner that began.
      settings: search.defaults,
      ...(profile_sha256 !== undefined && { profileSha256: profile_sha256 }),
      task: { ...task, nfeBudget: nfeBefore + task.nfeBudget },
      from: state,
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
  const task = taskOf(generation, on.model)
  if (generation.extends === undefined)
    return { search, task, ...settingsOf(generation, on.profiles), nfeBefore: 0, ...ANEW }
  // Its settings, a profile among them, are in the state that it goes on from.
  const settings = search.defaults
  const ended = await loadCheckpoint(on.bucket, generation.extends.checkpoint)
  const { nfeBudget: nfe, targetReward } = task
  const from = search.extend(ended, { nfe, ...(targetReward !== undefined && { targetReward }) })
  const nfeBefore = search.progress(from).nfeUsed
  return { search, settings, task: { ...task, nfeBudget: nfeBefore + task.nfeBudget }, from, nfeBefore, ...ANEW }
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

const taskOf = (generation: GenerationItem, { manifest }: Model): SearchTask => ({
  nfeBudget: generation.nfe_budget,
  seed: generation.seed,
  latentSize: manifest.latent.reduce((product, size) => product * size, 1),
  native: interpolantNamed(manifest.native.interpolant),
  timeShift: manifest.native.time_shift,
  ...(generation.target_reward !== undefined && { targetReward: generation.target_reward }),
  outputs: generation.n_outputs ?? 1,
})
