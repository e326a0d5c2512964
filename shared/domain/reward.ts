/**
 * From the reward a request names to the reward a generation has: everything said that the request left to the prompt or
 * the pack, or every fault with its place.
 */
import { createHash } from 'node:crypto'
import type { GenerationRequest } from '../contract/generation.ts'
import type { CountGraph, PackManifest } from '../contract/pack.ts'
import type { FieldError } from '../contract/problem.ts'
import { MAX_COUNT, PIXEL_REWARDS, REWARD_FORMS } from '../contract/reward.ts'
import { type Counts, checkCounts, readCounts } from './counts.ts'
import { nearestWord } from './nearest-word.ts'

/** A reward of the pack or of the pixels. */
export interface NamedReward {
  readonly name: string
  /** Of one that counts: how many of what, by class. */
  readonly counts?: Counts
}

/** A client's own scoring server. */
export interface HttpReward {
  readonly name: 'http'
  readonly url: string
  readonly timeout_seconds: number
}

export type SingleReward = NamedReward | HttpReward

export interface CompositeReward {
  readonly name: 'composite'
  readonly parts: readonly WeightedReward[]
}

export interface WeightedReward {
  readonly reward: SingleReward
  readonly weight: number
}

export type Reward = SingleReward | CompositeReward

export type RewardRequest = NonNullable<GenerationRequest['reward']>
type SingleRequest = Exclude<RewardRequest, { name: 'composite' }>

export const isComposite = (reward: Reward): reward is CompositeReward => 'parts' in reward
export const isHttp = (reward: Reward): reward is HttpReward => 'url' in reward

/** The weighted parts of a composite; of any other reward itself, with weight 1. */
export const partsOf = (reward: Reward): readonly WeightedReward[] =>
  isComposite(reward) ? reward.parts : [{ reward, weight: 1 }]

/** The counts that a reward asks for, of its first part that counts; undefined when none does. */
export const countsOf = (reward: Reward): Counts | undefined =>
  partsOf(reward)
    .map((part) => (isHttp(part.reward) ? undefined : part.reward.counts))
    .find((counts) => counts !== undefined)

/** Rewards that a client may name, the pack's own first; those of the pixels where there are some. */
export const offeredRewards = ({ rewards, output }: Pick<PackManifest, 'rewards' | 'output'>): string[] => [
  ...Object.keys(rewards).filter((name) => rewards[name]?.offered === true),
  ...(output.kind === 'image' ? Object.keys(PIXEL_REWARDS) : []),
]

/** Whether the search `gradient` can follow it: every part has a gradient graph in the pack. */
export const hasGradient = (reward: Reward, { rewards }: Pick<PackManifest, 'rewards'>): boolean =>
  partsOf(reward).every(
    ({ reward: part }) => Object.hasOwn(rewards, part.name) && rewards[part.name]?.gradient !== undefined,
  )

/** The numbers of two rewards can be compared where this is the same: other counts and prompts are, other weights are not. */
export const rewardTask = (reward: Reward): string => {
  const nameOf = (part: SingleReward): string => (isHttp(part) ? `http ${part.url}` : part.name)
  if (!isComposite(reward) && !isHttp(reward)) return reward.name
  const terms = partsOf(reward).map(({ reward: part, weight }) => [weight, nameOf(part)])
  return `${reward.name}-${createHash('sha256').update(JSON.stringify(terms)).digest('hex').slice(0, 16)}`
}

export interface RewardContext {
  /** Undefined where it is refused anyway: then nothing is missing in it. */
  readonly prompt: string | undefined
  readonly manifest: PackManifest
}

/** Pointers are into the request. */
export const checkReward = (
  asked: RewardRequest | undefined,
  on: RewardContext,
): { reward: Reward } | { errors: FieldError[] } => {
  const request = asked ?? on.manifest.default_reward
  if (typeof request === 'string' || !('parts' in request)) return checkSingle(request, on, '/reward')
  const checked = request.parts.map(({ reward }, index) => checkSingle(reward, on, `/reward/parts/${index}/reward`))
  const errors = checked.flatMap((part) => ('errors' in part ? part.errors : []))
  if (errors.length > 0) return { errors }
  const parts = checked.flatMap((part, index) =>
    'reward' in part ? [{ reward: part.reward, weight: request.parts[index]?.weight ?? 1 }] : [],
  )
  return { reward: { name: 'composite', parts } }
}

const checkSingle = (
  asked: SingleRequest,
  on: RewardContext,
  pointer: string,
): { reward: SingleReward } | { errors: FieldError[] } => {
  const request = typeof asked === 'string' ? { name: asked } : asked
  const { manifest } = on
  if ('url' in request) {
    const { kind } = manifest.output
    if (kind === 'image') return { reward: request }
    const detail = `scoring servers are asked about images; the pack ${manifest.name} gives ${kind}s`
    return { errors: [{ pointer, detail }] }
  }
  const { name } = request
  const offered = offeredRewards(manifest)
  if (!offered.includes(name))
    return { errors: [unknownReward(name, on, typeof asked === 'string' ? pointer : `${pointer}/name`)] }
  const said = 'counts' in request ? request.counts : undefined
  const graph = Object.hasOwn(manifest.rewards, name) ? manifest.rewards[name] : undefined
  if (graph?.takes === 'counts') return checkCounting({ name, said, graph }, on, pointer)
  return said === undefined
    ? { reward: { name } }
    : { errors: [{ pointer: `${pointer}/counts`, detail: `the reward ${name} does not count` }] }
}

const checkCounting = (
  { name, said, graph }: { name: string; said: Counts | undefined; graph: CountGraph },
  { prompt, manifest }: RewardContext,
  pointer: string,
): { reward: SingleReward } | { errors: FieldError[] } => {
  if (said === undefined) {
    const counts = prompt === undefined ? {} : readCounts(prompt, manifest.vocabulary, graph)
    const errors = tooMany(counts)
    if (errors.length > 0) return { errors }
    if (counts !== undefined) return { reward: { name, counts } }
    const detail = 'the prompt names no number of things; say them in reward.counts, as {"balloon": 7}'
    return { errors: [{ pointer, detail }] }
  }
  const checked = checkCounts(said, graph, { pack: manifest.name, pointer: `${pointer}/counts` })
  return 'errors' in checked ? checked : { reward: { name, counts: checked.counts } }
}

/** Said in words or as counts, the most is the same. */
const tooMany = (read: Counts = {}): FieldError[] =>
  Object.entries(read)
    .filter(([, count]) => count > MAX_COUNT)
    .map(([thing]) => ({ pointer: '/prompt', detail: `asks for more than ${MAX_COUNT} of ${thing}` }))

const formsOf = ({ output }: PackManifest): readonly string[] =>
  REWARD_FORMS.filter((form) => output.kind === 'image' || form !== 'http')

const unknownReward = (name: string, { manifest }: RewardContext, pointer: string): FieldError => {
  const offered = offeredRewards(manifest)
  const near = nearestWord(name, offered)
  const hint = near ? `did you mean ${near}?` : `there is ${[...offered, ...formsOf(manifest)].join(', ')}`
  return { pointer, detail: `the pack ${manifest.name} has no reward of this name; ${hint}` }
}
