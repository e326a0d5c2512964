/** The heartbeat: renews lease and message while a search runs, on the main thread, so a busy model cannot starve it. */
import { extendLease } from '../../shared/stores/generations.ts'
import type { Table } from '../../shared/stores/store.ts'

export interface LeaseKeeper {
  /** True once another may hold the lease: nothing may be written any more. */
  lost(): boolean
  stop(): void
}

export interface KeepLease {
  readonly table: Table
  readonly fenced: { accountId: string; generationId: string; fence: number }
  readonly leaseMs: number
  readonly extendMessage: () => Promise<void>
  readonly now: () => number
}

/** Renews three times a term, so that two failures in a row do not lose the lease. */
export const keepLease = (on: KeepLease): LeaseKeeper => {
  let heldUntil = on.now() + on.leaseMs
  let refused = false
  const beat = async (): Promise<void> => {
    const now = on.now()
    if (await extendLease(on.table, { ...on.fenced, now, leaseMs: on.leaseMs })) heldUntil = now + on.leaseMs
    else refused = true
    await on.extendMessage()
  }
  const timer = setInterval(() => {
    beat().catch((error) => console.error(JSON.stringify({ level: 'warn', where: 'heartbeat', error: String(error) })))
  }, on.leaseMs / 3)
  return {
    lost: () => refused || on.now() >= heldUntil,
    stop: () => clearInterval(timer),
  }
}
