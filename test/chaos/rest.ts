/** Waits until nothing is left to do: every hold settled, every end announced, every webhook sent that can be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { getAccount } from '../../shared/stores/accounts.ts'
import { readDue, type Table } from '../../shared/stores/store.ts'
import type { DueKind } from '../../shared/stores/table.ts'

/** Nothing ended for this long after the faults: then it will not any more. A long queue on a slow machine is no loss. */
const SETTLE_MS = 120_000
/** Webhooks whose next attempt is further away than this are not waited for. */
const DELIVERY_MS = 30_000
const LOOK_EVERY_MS = 500
const FAR_MS = 366 * 86_400_000

/** False when something is left and nothing got on any more. */
export const comesToRest = async (table: Table, accountIds: readonly string[]): Promise<boolean> => {
  const owed = async () => {
    const accounts = await Promise.all(accountIds.map((id) => getAccount(table, id)))
    const holds = accounts.reduce((sum, account) => sum + Object.keys(account?.holds ?? {}).length, 0)
    const now = Date.now()
    const [generations, batches, deliveries] = await Promise.all([
      countDue(table, 'GENERATION', now + FAR_MS),
      countDue(table, 'BATCH', now + FAR_MS),
      countDue(table, 'DELIVERY', now + DELIVERY_MS),
    ])
    return holds + generations + batches + deliveries
  }
  let least = Number.POSITIVE_INFINITY
  let end = Date.now() + SETTLE_MS
  while (Date.now() < end) {
    const left = await owed()
    if (left === 0) return true
    if (left < least) end = Date.now() + SETTLE_MS
    least = Math.min(least, left)
    await sleep(LOOK_EVERY_MS)
  }
  return false
}

const countDue = async (table: Table, kind: DueKind, beforeMs: number): Promise<number> => {
  let count = 0
  for await (const _ of readDue(table, { kind, beforeMs, limit: Number.MAX_SAFE_INTEGER })) count++
  return count
}
