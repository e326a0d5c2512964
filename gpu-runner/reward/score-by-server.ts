/** The `http` reward: a client's own server scores PNGs, over a guarded and signed POST. */
import { MAX_REWARD, MAX_SCORED_IMAGES, type ScoringCall, scoringAnswerSchema } from '../../shared/contract/scoring.ts'
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import type { HttpReward } from '../../shared/domain/reward.ts'
import type { WebhookHeaders } from '../../shared/domain/webhook-signature.ts'
import { type PostResult, postGuarded } from '../../shared/outbound/post-guarded.ts'
import { encodePng } from '../image/png.ts'
import type { PixelScorer } from './terms.ts'

const MAX_TRIES = 3
const PAUSES_MS = [1000, 3000]
const MAX_PAUSE_MS = 30_000
/** Closer to 0 than this is 0: DynamoDB keeps no number closer than 1e-130. */
const MIN_REWARD = 1e-9

/**
 * - `reward_server_failed`: no answer with status 200, after all tries.
 * - `reward_server_invalid`: an answer that is not one finite number for each image.
 */
export type RewardServerFault = 'reward_server_failed' | 'reward_server_invalid'

/** A client's server that does not score. The sentence is for the client. */
export class RewardServerError extends Error {
  readonly code: RewardServerFault
  constructor(code: RewardServerFault, sentence: string) {
    super(sentence)
    this.name = 'RewardServerError'
    this.code = code
  }
}

export interface ScoringContext {
  readonly generationId: string
  readonly prompt: string
  /** Tells calls of this attempt from those of others: letters, digits, `_` and `-`. */
  readonly attempt: string
  readonly policy: AddressPolicy
  /** Whether the client may see an image at all. */
  readonly allowed: (png: Uint8Array) => Promise<boolean>
  readonly sign: (message: { id: string; body: string }) => Promise<WebhookHeaders>
  readonly pause: (ms: number) => Promise<void>
}

/**
 * Sends at most MAX_SCORED_IMAGES a call, one call after the other, each up to three times: once more after silence, 408, 425,
 * 429, 5xx and answers that are none. An image that the client may not see is not sent and scores the worst there is. Rejects with
 * RewardServerError.
 */
export const scoreByServer = (
  on: ScoringContext,
  { server, weight }: { server: HttpReward; weight: number },
): PixelScorer => {
  const worst = weight < 0 ? MAX_REWARD : -MAX_REWARD
  let calls = 0
  return async (images) => {
    const rewards = images.map(() => worst)
    const sent: { at: number; png: Uint8Array }[] = []
    for (const [at, image] of images.entries()) {
      const png = encodePng(image)
      if (await on.allowed(png)) sent.push({ at, png })
    }
    for (let from = 0; from < sent.length; from += MAX_SCORED_IMAGES) {
      const id = `${on.generationId}-${on.attempt}-${++calls}`
      const batch = sent.slice(from, from + MAX_SCORED_IMAGES)
      const scored = await scoreBatch(on, { server, id, pngs: batch.map(({ png }) => png) })
      for (const [index, { at }] of batch.entries()) rewards[at] = scored[index] ?? worst
    }
    return rewards
  }
}

interface ScoringBatch {
  readonly server: HttpReward
  /** The same over all tries: a server may keep its answer under it. */
  readonly id: string
  readonly pngs: readonly Uint8Array[]
}

async function scoreBatch(on: ScoringContext, { server, id, pngs }: ScoringBatch): Promise<readonly number[]> {
  const ids = pngs.map((_, index) => `${id}-${index}`)
  const call: ScoringCall = {
    type: 'reward.requested',
    generation_id: on.generationId,
    prompt: on.prompt,
    images: pngs.map((png, index) => ({
      id: ids[index] ?? '',
      content_type: 'image/png',
      data: Buffer.from(png).toString('base64'),
    })),
  }
  const body = JSON.stringify(call)
  for (let tries = 1; ; tries++) {
    const result = await post(on, { server, id, body })
    const read = readAnswer(result, ids)
    if (read.kind === 'scored') return read.rewards
    if (!read.again || tries === MAX_TRIES)
      throw new RewardServerError(read.code, `Your reward server ${read.why}${tries > 1 ? `, ${tries} times` : ''}.`)
    await on.pause(pauseAfter(result, tries))
  }
}

const post = async (
  on: ScoringContext,
  { server, id, body }: { server: HttpReward; id: string; body: string },
): Promise<PostResult> =>
  postGuarded({
    url: server.url,
    headers: {
      ...(await on.sign({ id, body })),
      'content-type': 'application/json',
      'user-agent': 'Rollover-Rewards/1',
    },
    body,
    timeoutMs: server.timeout_seconds * 1000,
    policy: on.policy,
  })

type ReadAnswer =
  | { readonly kind: 'scored'; readonly rewards: readonly number[] }
  | { readonly kind: 'fault'; readonly code: RewardServerFault; readonly why: string; readonly again: boolean }

const OURS_OR_FINAL = new Set(['url_refused', 'address_refused', 'invalid_request'])
const PASSING_STATUSES = new Set([408, 425, 429])

/** Rewards in the order of `ids`, whatever the order of the answer. */
export function readAnswer(result: PostResult, ids: readonly string[]): ReadAnswer {
  if (result.kind === 'error') {
    const why = `could not be asked (${result.code}: ${result.detail})`
    return { kind: 'fault', code: 'reward_server_failed', why, again: !OURS_OR_FINAL.has(result.code) }
  }
  const { status, bodyExcerpt } = result
  if (status !== 200) {
    const again = status >= 500 || PASSING_STATUSES.has(status)
    return { kind: 'fault', code: 'reward_server_failed', why: `answered with status ${status}`, again }
  }
  const invalid = (why: string) => ({ kind: 'fault', code: 'reward_server_invalid', why, again: true }) as const
  const answer = scoringAnswerSchema.safeParse(parsed(bodyExcerpt))
  if (!answer.success) return invalid('did not answer {"rewards": [{"id": ..., "reward": a finite number}, ...]}')
  const byId = new Map(answer.data.rewards.map(({ id, reward }) => [id, reward]))
  if (byId.size !== answer.data.rewards.length) return invalid('answered with two rewards for one image')
  const missing = ids.find((id) => !byId.has(id))
  if (missing !== undefined) return invalid(`answered without a reward for ${missing}`)
  if (byId.size !== ids.length) return invalid('answered with rewards for images that it was not sent')
  return { kind: 'scored', rewards: ids.map((id) => settled(byId.get(id) ?? 0)) }
}

const settled = (reward: number): number => (Math.abs(reward) < MIN_REWARD ? 0 : reward)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** As long as the server asks for, within reason. */
function pauseAfter(result: PostResult, tries: number): number {
  const asked = result.kind === 'response' ? Number(result.retryAfter ?? Number.NaN) * 1000 : Number.NaN
  return Number.isFinite(asked) ? Math.min(Math.max(0, asked), MAX_PAUSE_MS) : (PAUSES_MS[tries - 1] ?? MAX_PAUSE_MS)
}
