/** Makes the generations of a batch. Each act is one that may be repeated, so the edge and reconcile may both be at it. */
import { nextReview } from '../domain/unworked-ending.ts'
import { type BatchItem, closeBatch } from './batches.ts'
import { type GenerationItem, putGeneration } from './generations.ts'
import { type Queues, sendGenerationMessage } from './queues.ts'
import type { Table } from './store.ts'

export interface Expansion {
  readonly table: Table
  readonly queues: Queues
  readonly reviewMs: number
  readonly now: () => number
}

/** Lines at once. */
const CONCURRENCY = 10

/** Returns when every line has its generation and message; rejects, to be called again, when one has not. */
export const expandBatch = async (on: Expansion, batch: BatchItem): Promise<void> => {
  const { generations } = batch
  if (generations === undefined) return
  for (let at = 0; at < generations.length; at += CONCURRENCY)
    await Promise.all(generations.slice(at, at + CONCURRENCY).map((item) => makeGeneration(on, item)))
  await closeBatch(on.table, { accountId: batch.account_id, batchId: batch.id })
}

/** Nobody gives the id of a line up while its batch is written, so the put can only find what an earlier try has made. */
const makeGeneration = async (on: Expansion, item: GenerationItem): Promise<void> => {
  await putGeneration(on.table, item, nextReview(item, on.now(), on.reviewMs))
  if (item.waits !== true) await sendGenerationMessage(on.queues, item)
}
