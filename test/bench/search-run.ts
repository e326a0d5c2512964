/** One search on the embedded pack, with its held-out score and what it cost. */
import { fileURLToPath } from 'node:url'
import { type Model, openModel } from '../../gpu-runner/engine/model.ts'
import { encodeOutput } from '../../gpu-runner/output/output.ts'
import { readProfiles } from '../../gpu-runner/pack/read-profiles.ts'
import { countGraphNamed } from '../../gpu-runner/reward/count.ts'
import { termsOf } from '../../gpu-runner/reward/terms.ts'
import type { CandidateRecord } from '../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../gpu-runner/search/searches.ts'
import { readCounts } from '../../shared/domain/counts.ts'
import { spellNumbers } from '../../shared/domain/prompt.ts'
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
  /** How many things the prompt asks for. */
  readonly things: number
  readonly search: BenchedSearch
  readonly seed: number
  readonly nfe: number
  readonly nfeUsed: number
  readonly reward: number
  /** The judge's reward of the same image; no search has seen the judge. */
  readonly heldOut: number
  readonly exact: boolean
  readonly heldOutExact: boolean
  /** The reading judge's probability that the image shows what the prompt says; asked only where the reward reads too. */
  readonly heldOutYes?: number
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
  /** Adds the reward `vqa` to the counts, with the same weight: what is counted cannot tell a relation. */
  readonly reads?: boolean
}

export interface SearchRunDone {
  readonly record: SearchRunRecord
  readonly png: Uint8Array
  readonly trace: readonly CandidateRecord[]
}

/** The settings a search is benched with: its defaults, and for `adaptive` the embedded pack's profile where there is one. */
export async function benchedSettings(search: BenchedSearch): Promise<unknown> {
  if (search !== 'adaptive') return SEARCHES[search].defaults
  const profile = (await readProfiles(PACK_FOLDER)).get('count') ?? null
  return { ...SEARCHES.adaptive.defaults, profile }
}

/** Rejects when the prompt counts nothing. */
export async function runOne({ model, judge }: Bench, asked: SearchRunAsked): Promise<SearchRunDone> {
  const { manifest } = model
  const { prompt, promptIndex, search: name, nfe, seed } = asked
  const counts = readCounts(prompt, manifest.vocabulary, countGraphNamed('count', manifest.rewards))
  if (counts === undefined) throw new Error(`"${prompt}" names no number of things`)
  const count = { reward: { name: 'count', counts }, weight: 1 }
  const spelt = spellNumbers(prompt, manifest)
  const evaluator = await model.begin({
    prompt: spelt,
    terms: termsOf(
      asked.reads === true
        ? { name: 'composite', parts: [count, { reward: { name: 'vqa' }, weight: 1 }] }
        : count.reward,
    ),
  })
  const trace: CandidateRecord[] = []
  const start = performance.now()
  try {
    const { answers } = await evaluator.search({
      search: name,
      ...(asked.settings !== undefined && { settings: asked.settings }),
      task: { nfeBudget: nfe, seed, outputs: 1 },
      onReport: ({ records }) => trace.push(...records),
    })
    const seconds = (performance.now() - start) / 1000
    const [answer] = answers
    if (answer === undefined) throw new Error(`${name} found nothing`)
    const { output, reward, found } = await evaluator.render(answer.latent)
    const [score] = await judge.score([output.data], counts)
    const yes = asked.reads === true ? { heldOutYes: await judge.yes(output.data, spelt) } : {}
    const heldOut = { heldOut: score?.reward ?? Number.NaN, heldOutExact: score?.exact ?? false, ...yes }
    const rewardCalls = trace.filter((one) => one.reward !== undefined).length
    const things = Object.values(counts).reduce((sum, count) => sum + count, 0)
    const facts = { prompt, promptIndex, things, search: name, seed, nfe, nfeUsed: evaluator.nfe() }
    const exact = found?.exact ?? false
    return {
      record: { ...facts, reward, exact, ...heldOut, rewardCalls, seconds },
      png: await encodeOutput(output, 'png'),
      trace,
    }
  } finally {
    evaluator.end()
  }
}
