/**
 * From valid lines to an accepted batch: hold all in one update, write the batch, make its generations. The batch item is the
 * promise; should this process die after it, reconcile makes the generations.
 */
import { type FieldError, ProblemError } from '../../../shared/contract/problem.ts'
import { type BatchItem, findBatch, putBatch } from '../../../shared/stores/batches.ts'
import { expandBatch } from '../../../shared/stores/expand-batch.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'
import { type Hold, settleHold } from '../../../shared/stores/holds.ts'
import type { ApiContext } from '../context.ts'
import {
  type Asker,
  asAdmitted,
  newGeneration,
  prepareGeneration,
  sendFreed,
} from '../generations/accept-generation.ts'
import { admit } from '../generations/admit.ts'
import { refuseFields } from '../generations/check-request.ts'
import { takeHolds } from '../generations/take-hold.ts'
import type { ReadLine } from './read-batch.ts'

const MAX_IDS = 3

export const acceptBatch = async (api: ApiContext, by: Asker, lines: readonly ReadLine[]): Promise<BatchItem> => {
  for (let at = 0; at < MAX_IDS; at++) {
    const batch = newBatch(api, by, lines)
    const accepted = await acceptOnce(api, by, batch)
    if (accepted !== undefined) return accepted
  }
  throw new ProblemError('unavailable', 'The request took too long and was dropped; nothing was charged.')
}

/** Draws in a fixed order, so that a second try under the same Idempotency-Key draws the same. */
const newBatch = (
  api: ApiContext,
  by: Asker,
  lines: readonly ReadLine[],
): BatchItem & { generations: GenerationItem[] } => {
  const id = by.draw.id('batch')
  const faults: FieldError[] = []
  const generations = lines.flatMap(({ request }, line) => {
    try {
      return [{ ...lineGeneration(api, by, request), batch_id: id, batch_line: line }]
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      const { code, options } = error
      const errors = (options.errors ?? []).map(({ pointer, detail }) => ({ pointer: `/${line}${pointer}`, detail }))
      if (code === 'content_refused') throw new ProblemError(code, `/${line}${error.message}`, { errors })
      if (code !== 'invalid_request') throw error
      faults.push(...errors)
      return []
    }
  })
  if (faults.length > 0) throw refuseFields(faults)
  return {
    id,
    account_id: by.accountId,
    created_at: by.draw.at,
    lines: lines.map((line, at) => ({
      ...(line.id !== undefined && { id: line.id }),
      generation_id: generations[at]?.id ?? '',
    })),
    generations,
  }
}

/** A key's cap for one request is a cap for each line; its caps for day and month hold for the whole. */
const lineGeneration = (api: ApiContext, by: Asker, request: ReadLine['request']): GenerationItem => {
  const terms = prepareGeneration(api, by, request)
  return newGeneration({ id: by.draw.id('gen'), by, request, ...terms })
}

/** Undefined when reconcile had given the batch up: then nothing is held under its ids that stays held. */
const acceptOnce = async (
  api: ApiContext,
  by: Asker,
  asked: BatchItem & { generations: GenerationItem[] },
): Promise<BatchItem | undefined> => {
  const named = { accountId: asked.account_id, batchId: asked.id }
  const met = by.draw.resumed ? await findBatch(api.table, named) : undefined
  if (met?.kind === 'abandoned') return undefined
  if (met?.kind === 'written') return expandNow(api, met.batch)
  const now = api.now()
  const admitted = await admit(api, asked.generations, by.draw)
  const held = await takeHolds(api, asked.generations, {
    key: by.key,
    now,
    messagesAtOnce: admitted.messagesAtOnce,
    batchId: asked.id,
  })
  const batch = { ...asked, generations: asked.generations.map((item) => asAdmitted(item, admitted, held)) }
  if (await putBatch(api.table, batch, now + api.reviewMs)) {
    await expandNow(api, batch)
    if (held.account !== undefined) await sendFreed(api, held.account)
    return batch
  }
  await releaseAll(api, batch, held.hold)
  return undefined
}

/** What fails here is made by reconcile: the batch is accepted. */
const expandNow = async (api: ApiContext, batch: BatchItem): Promise<BatchItem> => {
  try {
    await expandBatch(api, batch)
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', batch: batch.id, error: String(error) }))
  }
  return batch
}

/** Whoever gave the batch up releases its holds too; each is released once, whoever comes first. */
const releaseAll = async (api: ApiContext, batch: BatchItem, { key_id, day }: Hold): Promise<void> => {
  for (const { id: generationId, nfe_budget: nfe, micro_usd_per_nfe: price } of batch.generations ?? [])
    await settleHold(api.table, {
      accountId: batch.account_id,
      generationId,
      hold: { micro_usd: nfe * price, nfe, key_id, day },
      used: { nfe: 0, microUsd: 0 },
    })
}
