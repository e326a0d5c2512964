/** What one look finds half done, and what finishes it: a dry run tells the findings, a real one does them. */

import { hasExpired } from '../../shared/domain/retention.ts'
import { nextReview, unworkedEnding } from '../../shared/domain/unworked-ending.ts'
import { getAccount, rescheduleReview } from '../../shared/stores/accounts.ts'
import { abandonBatch, type BatchItem, findBatch } from '../../shared/stores/batches.ts'
import { endUnworked } from '../../shared/stores/cancel-generation.ts'
import { type Completion, completeGeneration } from '../../shared/stores/complete-generation.ts'
import { type Deletion, deleteIfExpired } from '../../shared/stores/delete-generation.ts'
import { expandBatch } from '../../shared/stores/expand-batch.ts'
import {
  abandonGeneration,
  findWritten,
  type GenerationItem,
  getGeneration,
  isTerminal,
  rescheduleGeneration,
  type Written,
} from '../../shared/stores/generations.ts'
import { forgetOldCounters, type Hold, settleHold } from '../../shared/stores/holds.ts'
import { sendDeliveryMessage, sendGenerationMessage } from '../../shared/stores/queues.ts'
import { sendWaiting } from '../../shared/stores/send-waiting.ts'
import { readDue } from '../../shared/stores/store.ts'
import type { DueKind } from '../../shared/stores/table.ts'

export interface ReconcileContext extends Completion, Deletion {
  /** How long an open generation may be silent, and a hold without a generation may stand. */
  readonly reviewMs: number
  readonly now: () => number
}

/** What a run counts; `reviewed` is an account looked at again later. */
export type Act = 'batches' | 'completed' | 'requeued' | 'deliveries' | 'holdsReleased' | 'reviewed' | 'deleted'

export interface Finding {
  readonly act: Act
  readonly accountId: string
  /** The generation, batch, delivery or account. */
  readonly id: string
  readonly why: string
  /** Finishes it. False when somebody else did meanwhile, or it turned out otherwise. Any number of times. */
  readonly finish: () => Promise<boolean>
}

/** Items of one kind looked at in a run: what is left is due at the next. */
const LIMIT = 2000
/** However long an open generation has waited, it is looked at this often. */
const LONGEST_REVIEW_MS = 3_600_000

interface Due {
  readonly accountId: string
  readonly id: string
}

async function* dueOf(on: ReconcileContext, kind: DueKind): AsyncGenerator<Due> {
  for await (const { id, account_id } of readDue(on.table, { kind, beforeMs: on.now(), limit: LIMIT }))
    yield { id, accountId: account_id ?? id }
}

const done = <T>(act: Promise<T>): Promise<boolean> => act.then(() => true)

/** Batches whose edge died before it had made all their generations. */
export async function* findBatches(on: ReconcileContext): AsyncGenerator<Finding> {
  for await (const { accountId, id } of dueOf(on, 'BATCH')) {
    const found = await findBatch(on.table, { accountId, batchId: id })
    if (found.kind !== 'written' || found.batch.generations === undefined) continue
    const batch: BatchItem = found.batch
    yield {
      act: 'batches',
      accountId,
      id,
      why: 'accepted, lines not all made',
      finish: () => done(expandBatch(on, batch)),
    }
  }
}

/** Open generations without news, and ended ones not settled or announced. */
export async function* findGenerations(on: ReconcileContext): AsyncGenerator<Finding> {
  for await (const { accountId, id } of dueOf(on, 'GENERATION')) {
    const generation = await getGeneration(on.table, { accountId, generationId: id })
    if (generation !== undefined) yield* generationFinding(on, generation)
  }
}

function* generationFinding(on: ReconcileContext, generation: GenerationItem): Generator<Finding> {
  const { account_id: accountId, id } = generation
  const ending = unworkedEnding(generation, on.now())
  if (isTerminal(generation.status)) {
    const why = `${generation.status}, not settled and announced`
    yield { act: 'completed', accountId, id, why, finish: () => done(completeGeneration(on, generation)) }
  } else if (ending !== undefined && (generation.lease_until ?? 0) < on.now()) {
    const why = `nobody works on it, and it must end as ${ending.status}`
    yield { act: 'completed', accountId, id, why, finish: () => endAndComplete(on, { generation, ending }) }
  } else yield { act: 'requeued', accountId, id, why: 'open, no news', finish: () => requeue(on, generation) }
}

/** One that was canceled while its runner died, or whose time has passed: nobody works on it, nothing is charged. */
const endAndComplete = async (
  on: ReconcileContext,
  end: Pick<Parameters<typeof endUnworked>[1], 'generation' | 'ending'>,
): Promise<boolean> => {
  const now = on.now()
  const ended = await endUnworked(on.table, { ...end, now, reviewAt: now + on.reviewMs })
  if (ended !== undefined) await completeGeneration(on, ended)
  return ended !== undefined
}

/**
 * A message too many is harmless (the lease decides); one too few would strand the generation. But what waits is not lost:
 * asked for again at each doubling of its age, or a long queue would fill up with copies faster than it is worked off. One that waits at
 * its account is not sent before its turn.
 */
const requeue = async (on: ReconcileContext, generation: GenerationItem): Promise<boolean> => {
  const waits = generation.waits === true
  if (!waits) await sendGenerationMessage(on.queues, generation)
  const named = { accountId: generation.account_id, generationId: generation.id }
  const age = on.now() - generation.created_at
  const reviewMs = Math.max(on.reviewMs, Math.min(age, LONGEST_REVIEW_MS))
  await rescheduleGeneration(on.table, { ...named, reviewAt: nextReview(generation, on.now(), reviewMs) })
  return !waits
}

/** Deliveries whose time has come. */
export async function* findDeliveries(on: ReconcileContext): AsyncGenerator<Finding> {
  for await (const { accountId, id } of dueOf(on, 'DELIVERY')) {
    const message = { account_id: accountId, delivery_id: id }
    yield { act: 'deliveries', accountId, id, why: 'due', finish: () => done(sendDeliveryMessage(on.queues, message)) }
  }
}

/** Holds of edges that died between hold and generation: nothing will settle them. They are given back whole. */
export async function* findHolds(on: ReconcileContext): AsyncGenerator<Finding> {
  for await (const { id: accountId } of dueOf(on, 'ACCOUNT')) {
    const account = await getAccount(on.table, accountId)
    if (account === undefined) continue
    for (const [generationId, hold] of Object.entries(account.holds)) {
      if (hold.at + on.reviewMs > on.now() || (await isAnsweredFor(on, { accountId, generationId, hold }))) continue
      const finish = () => releaseHold(on, { accountId, generationId, hold })
      yield { act: 'holdsReleased', accountId, id: generationId, why: 'held, never made', finish }
    }
    const finish = async () => {
      await forgetOldCounters(on.table, account, on.now())
      // Whoever ended a generation may have died before it sent the next.
      await sendWaiting(on, account)
      return done(rescheduleReview(on.table, accountId, on.now() + on.reviewMs))
    }
    yield { act: 'reviewed', accountId, id: accountId, why: 'its review is due', finish }
  }
}

interface AccountHold {
  readonly accountId: string
  readonly generationId: string
  readonly hold: Hold
}

const isAnsweredFor = async (on: ReconcileContext, { hold, ...named }: AccountHold): Promise<boolean> => {
  const written =
    hold.batch_id === undefined
      ? await findWritten(on.table, named)
      : await findBatch(on.table, { accountId: named.accountId, batchId: hold.batch_id })
  return written.kind !== 'nothing' && written.kind !== 'abandoned'
}

/** First nobody can write it any more, then its money is free. */
const releaseHold = async (on: ReconcileContext, { hold, ...named }: AccountHold): Promise<boolean> => {
  const { accountId } = named
  const at = on.now()
  const abandoned =
    hold.batch_id === undefined
      ? await abandonGeneration(on.table, { ...named, at })
      : await abandonBatch(on.table, { accountId, batchId: hold.batch_id, at })
  if (!abandoned) return false
  return (await settleHold(on.table, { ...named, hold, used: { nfe: 0, microUsd: 0 } })) !== undefined
}

/** Generations whose retention has ended, deletions that stopped half way, and ids that were given up. */
export async function* findExpired(on: ReconcileContext): AsyncGenerator<Finding> {
  for await (const { accountId, id } of dueOf(on, 'RETENTION')) {
    const named = { accountId, generationId: id }
    const found = await findWritten(on.table, named)
    const why = whyDeleted(found, on.now())
    if (why !== undefined) yield { act: 'deleted', accountId, id, why, finish: () => deleteIfExpired(on, named) }
  }
}

const whyDeleted = (found: Written, now: number): string | undefined => {
  switch (found.kind) {
    case 'deleted':
      return 'deleted, objects left'
    case 'abandoned':
      return 'never made, objects may be left'
    case 'written':
      return hasExpired(found.generation, now) ? 'its retention has ended' : undefined
    case 'nothing':
      return undefined
  }
}
