/** Deletes the generations whose retention has ended, and goes on with deletions that stopped half way. */
import { type Deletion, deleteIfExpired } from '../../shared/stores/delete-generation.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import { listDue } from '../../shared/stores/store.ts'

/** @returns how many were deleted; at most `limit` a call, the oldest first. */
export const sweepRetention = async (on: Deletion, limit: number): Promise<number> => {
  let deleted = 0
  for (const due of await listDue(on.table, { kind: 'RETENTION', beforeMs: on.now(), limit })) {
    const { id: generationId, account_id: accountId } = due as unknown as GenerationItem
    if (await deleteIfExpired(on, { accountId, generationId })) deleted++
  }
  return deleted
}
