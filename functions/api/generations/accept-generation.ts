/**
 * From a valid request to an accepted generation: hold, write the generation, queue.
 *
 * What is refused changes nothing. What was accepted survives anything: the generation item is written and due for review,
 * so reconcile queues it again should the message be lost. A second try under the same Idempotency-Key draws the same ids
 * and meets what the first one wrote, at whatever point that one stopped.
 */
import type { GenerationRequest } from '../../../shared/contract/generation.ts'
import { ProblemError } from '../../../shared/contract/problem.ts'
import { type Quote, quoteGeneration } from '../../../shared/domain/price.ts'
import { nextReview } from '../../../shared/domain/unworked-ending.ts'
import type { Account } from '../../../shared/stores/accounts.ts'
import type { ApiKey } from '../../../shared/stores/api-keys.ts'
import { findWritten, type GenerationItem, putGeneration } from '../../../shared/stores/generations.ts'
import { settleHold } from '../../../shared/stores/holds.ts'
import { sendGenerationMessage } from '../../../shared/stores/queues.ts'
import { sendWaiting } from '../../../shared/stores/send-waiting.ts'
import type { ApiContext } from '../context.ts'
import type { Draw } from '../http/draw.ts'
import { type Admitted, admit } from './admit.ts'
import { type CheckedRequest, checkRequest } from './check-request.ts'
import { keepStart } from './keep-start.ts'
import { termsOf } from './request-terms.ts'
import { type Held, refuseBeyondKey, takeHolds } from './take-hold.ts'

/** Who asks. */
export interface Asker {
  readonly accountId: string
  readonly key: ApiKey
  readonly draw: Draw
}

/** Whose search it goes on with, where it is an extension. */
export type Extension = Pick<GenerationItem, 'extends'>

/** An id is given up when reconcile took it for dead while the edge stalled; to lose several in a row is no accident. */
const MAX_IDS = 3

export const acceptGeneration = async (
  api: ApiContext,
  by: Asker,
  request: GenerationRequest,
  extension: Extension = {},
): Promise<GenerationItem> => {
  const terms = prepareGeneration(api, by, request)
  for (let at = 0; at < MAX_IDS; at++) {
    const item = { ...newGeneration({ id: by.draw.id('gen'), by, request, ...terms }), ...extension }
    const accepted = await acceptOnce(api, by, item)
    if (accepted !== undefined) return accepted
  }
  throw new ProblemError('unavailable', 'The request took too long and was dropped; nothing was charged.')
}

/** What a request comes to once everything that needs no store was checked. */
export interface CheckedTerms {
  readonly checked: CheckedRequest
  readonly quote: Quote
  readonly seed: number
}

/** Throws ProblemError on what pack or key refuse. Draws the seed, where the request has none. */
export const prepareGeneration = (api: ApiContext, by: Asker, request: GenerationRequest): CheckedTerms => {
  const checked = checkRequest(api, request)
  const quote = quoteGeneration(checked.card.manifest, {
    nfe: request.nfe_budget,
    priority: request.priority,
    at: by.draw.at,
  })
  refuseBeyondKey(by.key, { pack: checked.card.manifest.name, nfe: quote.nfe })
  const seed = request.seed ?? new DataView(by.draw.bytes(4).slice().buffer).getUint32(0)
  return { checked, quote, seed }
}

export const newGeneration = (
  from: CheckedTerms & {
    id: string
    by: Asker
    request: GenerationRequest
  },
): GenerationItem => {
  const { id, by, request, checked, quote, seed } = from
  return {
    id,
    account_id: by.accountId,
    status: 'queued',
    pack: checked.card.manifest.name,
    prompt: request.prompt,
    reward: checked.reward,
    search: request.search,
    seed,
    nfe_budget: quote.nfe,
    priority: request.priority,
    ...termsOf(request, { format: checked.format, now: by.draw.at }),
    metadata: request.metadata,
    retention_seconds: request.retention_seconds,
    ...(request.webhook_url !== undefined && { webhook_url: request.webhook_url }),
    micro_usd_per_nfe: quote.microUsdPerNfe,
    price_list: quote.priceList,
    key_id: by.key.id,
    created_at: by.draw.at,
    fence: 0,
  }
}

/** Undefined when reconcile had given the id up: then nothing is held under it, and nothing can be written under it. */
const acceptOnce = async (api: ApiContext, by: Asker, asked: GenerationItem): Promise<GenerationItem | undefined> => {
  const named = { accountId: asked.account_id, generationId: asked.id }
  const met = by.draw.resumed ? await findWritten(api.table, named) : undefined
  if (met?.kind === 'abandoned') return undefined
  if (met?.kind === 'deleted') throw new ProblemError('not_found', 'It was made, and has been deleted since.')
  if (met?.kind === 'written') {
    if (met.generation.status === 'queued' && met.generation.waits !== true) await queueGeneration(api, met.generation)
    return met.generation
  }
  const now = api.now()
  const admitted = await admit(api, [asked], by.draw)
  const held = await takeHolds(api, [asked], { key: by.key, now, messagesAtOnce: admitted.messagesAtOnce })
  const { hold } = held
  const item = asAdmitted(await keepStart(api, asked, hold), admitted, held)
  if (!(await putGeneration(api.table, item, nextReview(item, now, api.reviewMs)))) {
    // Whoever gave the id up releases the hold too; the hold is released once, whoever comes first.
    await settleHold(api.table, { ...named, hold, used: { nfe: 0, microUsd: 0 } })
    return undefined
  }
  await sendAccepted(api, item, held)
  return item
}

/** What stands under its hold. An earlier try may have come with another key: the one that it was counted for stays. */
export const asAdmitted = (
  item: GenerationItem,
  { estimatedStartAt }: Admitted,
  { hold, waiting }: Held,
): GenerationItem => ({
  ...item,
  key_id: hold.key_id,
  ...(estimatedStartAt !== undefined && { estimated_start_at: estimatedStartAt }),
  ...(waiting?.has(item.id) && { waits: true }),
})

/** One that waits is sent by whatever ends before it; by us, when the last of those ended since the hold was refused a place. */
const sendAccepted = async (api: ApiContext, item: GenerationItem, { account }: Held): Promise<void> => {
  if (item.waits !== true) return queueGeneration(api, item)
  if (account !== undefined) await sendFreed(api, account)
}

/** A failure is made up for by whatever ends next, and by reconcile. */
export const sendFreed = async (api: ApiContext, account: Account): Promise<void> => {
  try {
    await sendWaiting(api, account)
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', where: 'send waiting', error: String(error) }))
  }
}

/**
 * The message is a hint, the item is the promise: a queue that fails delays the search until its review, no more. Queued
 * twice, the lease decides.
 */
export const queueGeneration = async (api: ApiContext, item: GenerationItem): Promise<void> => {
  try {
    await sendGenerationMessage(api.queues, item)
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', generation: item.id, queue: String(error) }))
  }
}
