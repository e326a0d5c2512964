/**
 * What follows the end of a generation: write the ledger, settle the hold, queue what waited for it, announce the events. Each step may run any number
 * of times, so the runner, a redelivered message and reconcile all call this one function.
 */
import type { GenerationEvent } from '../contract/event.ts'
import { dayOf } from '../domain/period.ts'
import { expiresAt } from '../domain/retention.ts'
import { announceEvent } from './announce-event.ts'
import { announceLowBalance } from './balance-alerts.ts'
import { noteLineEnded } from './end-batch.ts'
import { closeGeneration, type GenerationItem } from './generations.ts'
import { noteHistory } from './history.ts'
import { type Hold, settleHold } from './holds.ts'
import { appendLedger, settleEntry } from './ledger.ts'
import { type Sending, sendWaiting } from './send-waiting.ts'
import { usageOf } from './usage-of.ts'

export interface Completion extends Sending {
  /** Where clients reach the API; webhooks link to it. */
  readonly publicUrl: string
}

/** The id of the event of a generation's end, and of its delivery to the request's own URL. */
export const deliveryIdOf = (generationId: string): string => generationId.replace(/^gen_/, 'evt_')

/** Throws when the generation has not ended. */
export const completeGeneration = async (on: Completion, generation: GenerationItem): Promise<void> => {
  const { id, account_id: accountId, finished_at: finishedAt } = generation
  if (finishedAt === undefined) throw new Error(`generation ${id} has not ended`)
  // Ahead of the money: what the account has spent is in the ledger, always.
  const settled = settleEntry(generation)
  await appendLedger(on.table, settled)
  const account = await settleHold(on.table, {
    accountId,
    generationId: id,
    hold: holdOf(generation),
    used: { nfe: settled.nfe, microUsd: settled.micro_usd },
  })
  if (account !== undefined) await noteHistory(on.table, generation)
  if (account !== undefined) await sendWaiting(on, account)
  const { type, data } = eventOf(generation, on.publicUrl)
  await announceEvent(on, {
    accountId,
    eventId: deliveryIdOf(id),
    type,
    timestamp: finishedAt,
    data,
    ...(generation.webhook_url !== undefined && { perRequestUrl: generation.webhook_url }),
  })
  await announceLowBalance(on, { accountId, settled: account, at: finishedAt })
  await noteLineEnded(on, generation)
  await closeGeneration(on.table, { accountId, generationId: id, expiresAt: expiresAt(generation) ?? finishedAt })
}

/** The API's stable link to an output: authenticated, and redirecting to a fresh presigned one. */
export const outputLink = (publicUrl: string, generationId: string, index: number): string =>
  `${publicUrl}/v1/generations/${generationId}/outputs/${index}`

/** As it was taken when the generation was accepted. */
const holdOf = ({ nfe_budget: nfe, micro_usd_per_nfe, key_id, created_at }: GenerationItem): Omit<Hold, 'at'> => ({
  micro_usd: nfe * micro_usd_per_nfe,
  nfe,
  key_id,
  day: dayOf(created_at),
})

/** What the world is told of a generation that ended: the event's type and data. */
export const eventOf = (generation: GenerationItem, publicUrl: string): Pick<GenerationEvent, 'type' | 'data'> => ({
  type: `generation.${generation.status}` as GenerationEvent['type'],
  data: {
    id: generation.id,
    status: generation.status,
    stop_reason: generation.stop_reason ?? null,
    seed: generation.seed,
    usage: usageOf(generation),
    result: generation.result ?? null,
    error: generation.error ?? null,
    metadata: { ...generation.metadata },
    links: {
      self: `${publicUrl}/v1/generations/${generation.id}`,
      outputs: (generation.outputs ?? []).map((_, index) => outputLink(publicUrl, generation.id, index)),
    },
  },
})
