/** Makes the generations of accepted batches whose edge died before it had made them all. */
import { type BatchItem, findBatch } from '../../shared/stores/batches.ts'
import { type Expansion, expandBatch } from '../../shared/stores/expand-batch.ts'
import { listDue } from '../../shared/stores/store.ts'

/** @returns how many were gone on with; at most `limit` a call. */
export const reviewBatches = async (on: Expansion, limit: number): Promise<number> => {
  let reviewed = 0
  for (const due of await listDue(on.table, { kind: 'BATCH', beforeMs: on.now(), limit })) {
    const { id: batchId, account_id: accountId } = due as unknown as BatchItem
    const found = await findBatch(on.table, { accountId, batchId })
    if (found.kind !== 'written' || found.batch.generations === undefined) continue
    await expandBatch(on, found.batch)
    reviewed++
  }
  return reviewed
}
