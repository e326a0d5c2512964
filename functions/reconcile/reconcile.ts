/**
 * Finishes what a crash left half done. Looks only at what is due: open generations without news, ended ones not settled or
 * announced, deliveries whose time has come, and accounts with holds that no generation answers for. Safe to run at any
 * moment and beside itself: every act is one that its owner may repeat.
 */
import { nextReview, unworkedEnding } from '../../shared/domain/unworked-ending.ts'
import { getAccount, rescheduleReview } from '../../shared/stores/accounts.ts'
import { abandonBatch } from '../../shared/stores/batches.ts'
import { endUnworked } from '../../shared/stores/cancel-generation.ts'
import { type Completion, completeGeneration } from '../../shared/stores/complete-generation.ts'
import type { Deletion } from '../../shared/stores/delete-generation.ts'
import {
  abandonGeneration,
  type GenerationItem,
  getGeneration,
  isTerminal,
  rescheduleGeneration,
} from '../../shared/stores/generations.ts'
import { forgetOldCounters, type Hold, settleHold } from '../../shared/stores/holds.ts'
import { sendDeliveryMessage, sendGenerationMessage } from '../../shared/stores/queues.ts'
import { listDue } from '../../shared/stores/store.ts'
import { reviewBatches } from './review-batches.ts'
import { sweepRetention } from './sweep-retention.ts'

export interface ReconcileContext extends Completion, Deletion {
  /** How long an open generation may be silent, and a hold without a generation may stand. */
  readonly reviewMs: number
  readonly now: () => number
}

export interface Reconciled {
  readonly requeued: number
  readonly completed: number
  readonly batches: number
  readonly deliveries: number
  readonly holdsReleased: number
  readonly deleted: number
}

const PAGE = 100

export const reconcile = async (on: ReconcileContext): Promise<Reconciled> => {
  const batches = await reviewBatches(on, PAGE)
  const generations = await reviewGenerations(on)
  const deliveries = await sendDueDeliveries(on)
  const holdsReleased = await reviewHolds(on)
  const deleted = await sweepRetention(on, PAGE)
  return { ...generations, batches, deliveries, holdsReleased, deleted }
}

const reviewGenerations = async (on: ReconcileContext): Promise<{ requeued: number; completed: number }> => {
  let requeued = 0
  let completed = 0
  for (const due of await listDue(on.table, { kind: 'GENERATION', beforeMs: on.now(), limit: PAGE })) {
    const { id: generationId, account_id: accountId } = due as unknown as GenerationItem
    const generation = await getGeneration(on.table, { accountId, generationId })
    if (generation === undefined) continue
    if (isTerminal(generation.status)) {
      await completeGeneration(on, generation)
      completed++
      continue
    }
    if (await endIfUnworked(on, generation)) {
      completed++
      continue
    }
    // A message too many is harmless (the lease decides); one too few would strand the generation.
    await sendGenerationMessage(on.queues, generation)
    await rescheduleGeneration(on.table, {
      accountId,
      generationId,
      reviewAt: nextReview(generation, on.now(), on.reviewMs),
    })
    requeued++
  }
  return { requeued, completed }
}

/** One that was canceled while its runner died, or whose time has passed: nobody works on it, nothing is charged. */
const endIfUnworked = async (on: ReconcileContext, generation: GenerationItem): Promise<boolean> => {
  const now = on.now()
  const ending = unworkedEnding(generation, now)
  if (ending === undefined) return false
  const ended = await endUnworked(on.table, { generation, ending, now, reviewAt: now + on.reviewMs })
  if (ended !== undefined) await completeGeneration(on, ended)
  return ended !== undefined
}

const sendDueDeliveries = async (on: ReconcileContext): Promise<number> => {
  const due = await listDue(on.table, { kind: 'DELIVERY', beforeMs: on.now(), limit: PAGE })
  for (const item of due) {
    const { id, account_id } = item as unknown as { id: string; account_id: string }
    await sendDeliveryMessage(on.queues, { account_id, delivery_id: id })
  }
  return due.length
}

/** False when something answers for the hold: its generation, or the batch that makes it. */
const abandonHold = (
  on: ReconcileContext,
  { hold, ...named }: { accountId: string; generationId: string; hold: Hold },
): Promise<boolean> =>
  hold.batch_id === undefined
    ? abandonGeneration(on.table, { ...named, at: on.now() })
    : abandonBatch(on.table, { accountId: named.accountId, batchId: hold.batch_id, at: on.now() })

/** An edge that died between hold and generation leaves a hold that nothing will settle; it is given back whole. */
const reviewHolds = async (on: ReconcileContext): Promise<number> => {
  let released = 0
  for (const due of await listDue(on.table, { kind: 'ACCOUNT', beforeMs: on.now(), limit: PAGE })) {
    const accountId = (due as unknown as { id: string }).id
    const account = await getAccount(on.table, accountId)
    for (const [generationId, hold] of Object.entries(account?.holds ?? {})) {
      if (hold.at + on.reviewMs > on.now()) continue
      if (!(await abandonHold(on, { accountId, generationId, hold }))) continue
      await settleHold(on.table, { accountId, generationId, hold, used: { nfe: 0, microUsd: 0 } })
      released++
    }
    if (account !== undefined) await forgetOldCounters(on.table, account, on.now())
    await rescheduleReview(on.table, accountId, on.now() + on.reviewMs)
  }
  return released
}
