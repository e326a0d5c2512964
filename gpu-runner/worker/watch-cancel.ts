/** Looks now and then whether somebody asked to cancel the generation that is being searched. */
import { isCancelRequested } from '../../shared/stores/cancel-generation.ts'
import type { Table } from '../../shared/stores/store.ts'

export interface CancelWatch {
  /** True from the first time the mark was seen: a mark is never taken back. */
  requested(): boolean
  stop(): void
}

/** Often enough that a client sees its search stop within a second; half a read unit each. */
const LOOK_EVERY_MS = 600

export const watchCancel = (on: {
  table: Table
  named: { accountId: string; generationId: string }
  lookEveryMs?: number
}): CancelWatch => {
  let requested = false
  let looking = false
  const look = async (): Promise<void> => {
    if (looking || requested) return
    looking = true
    requested = await isCancelRequested(on.table, on.named).finally(() => {
      looking = false
    })
  }
  const timer = setInterval(() => {
    // A look that fails is made up for by the next.
    look().catch((error) => console.error(JSON.stringify({ level: 'warn', where: 'cancel', error: String(error) })))
  }, on.lookEveryMs ?? LOOK_EVERY_MS)
  return { requested: () => requested, stop: () => clearInterval(timer) }
}
