/** One search on the embedded pack, with its held-out score and what it cost. */
import { fileURLToPath } from 'node:url'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
import { encodePng } from '../../gpu-runner/engine/png.ts'
import { runSearch } from '../../gpu-runner/engine/run-search.ts'
import { interpolantNamed } from '../../gpu-runner/flow/interpolant.ts'
import { sizeOf } from '../../gpu-runner/pack/graph-signature.ts'
import { readProfile } from '../../gpu-runner/pack/read-profile.ts'
import type { CandidateRecord, Search } from '../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'
import { readCounts, spellNumbers } from '../../shared/domain/prompt.ts'
import { type Judge, openJudge } from './judge.ts'

export type BenchedSearch = keyof typeof SEARCHES

export const PACK_FOLDER = fileURLToPath(new URL('../../gpu-runner/packs/emoji-world', import.meta.url))
export const HELD_OUT_PROMPTS = fileURLToPath(new URL('./prompts/heldout.txt', import.meta.url))
export const TUNING_PROMPTS = fileURLToPath(new URL('./prompts/tuning.txt', import.meta.url))

export interface Bench {
  readonly model: Model
  readonly judge: Judge
}

export const openBench = async (): Promise<Bench> => ({
  model: await openModel({ packFolder: PACK_FOLDER }),
  judge: await openJudge(PACK_FOLDER),
})

export interface SearchRunRecord {
  readonly prompt: string
  readonly promptIndex: number
  readonly search: BenchedSearch
  readonly seed: number
  readonly nfe: number
  readonly nfeUsed: number
  readonly reward: number
  /** The judge's reward of the same image; no search has seen the judge. */
  readonly heldOut: number
  readonly exact: boolean
  readonly heldOutExact: boolean
  readonly rewardCalls: number
  readonly seconds: number
}

export interface SearchRunAsked {
  readonly prompt: string
  readonly promptIndex: number
  readonly search: BenchedSearch
  readonly nfe: number
  readonly seed: number
  /** The search's defaults unless said. */
  readonly settings?: unknown
}

export interface SearchRunDone {
  readonly record: SearchRunRecord
  readonly png: Uint8Array
  readonly trace: readonly CandidateRecord[]
}

/** The settings a search is benched with: its defaults, and for `adaptive` the embedded pack's profile where there is one. */
export async function benchedSettings(search: BenchedSearch): Promise<unknown> {
  if (search !== 'adaptive') return SEARCHES[search].defaults
  const profile = (await readProfile(PACK_FOLDER)) ?? null
  return { ...SEARCHES.adaptive.defaults, profile }
}

/** Rejects when the prompt counts nothing. */
export async function runOne({ model, judge }: Bench, asked: SearchRunAsked): Promise<SearchRunDone> {
  const { manifest } = model
  const { prompt, promptIndex, search: name, nfe, seed } = asked
  const counts = readCounts(prompt, manifest)
  if (counts === undefined) throw new Error(`"${prompt}" names no number of things`)
  const search = SEARCHES[name] as unknown as Search<unknown, unknown>
  const evaluator = await model.begin({ prompt: spellNumbers(prompt, manifest), reward: { name: 'count', counts } })
  const trace: CandidateRecord[] = []
  const start = performance.now()
  try {
    const { answers } = await runSearch({
      search,
      settings: asked.settings ?? search.defaults,
      task: {
        nfeBudget: nfe,
        seed,
        latentSize: sizeOf(manifest.latent),
        native: interpolantNamed(manifest.native.interpolant),
        outputs: 1,
      },
      evaluate: evaluator.evaluate,
      onRecords: (records) => trace.push(...records),
    })
    const seconds = (performance.now() - start) / 1000
    const [answer] = answers
    if (answer === undefined) throw new Error(`${name} found nothing`)
    const { image, reward, exact } = await evaluator.render(answer.latent)
    const [score] = await judge.score([image.data], counts)
    const heldOut = { heldOut: score?.reward ?? Number.NaN, heldOutExact: score?.exact ?? false }
    const rewardCalls = trace.filter((one) => one.reward !== undefined).length
    const facts = { prompt, promptIndex, search: name, seed, nfe, nfeUsed: evaluator.nfe() }
    return { record: { ...facts, reward, exact, ...heldOut, rewardCalls, seconds }, png: encodePng(image), trace }
  } finally {
    await evaluator.end()
  }
}
