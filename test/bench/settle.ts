/**
 * `npm run bench:settle -- [--json]`: holds, begins and settlements a second on ONE account, by how many generations it has open, on the
 * embedded emulator; a begin is the read and the write by which a generation leaves its account's line (shared/stores/send-waiting.ts). And the ceiling that DynamoDB sets on AWS, from the size of the account's item.
 *
 * AWS: one partition key value takes at most 1,000 write units a second, and an update costs one for each started KiB of the
 * item, before or after it, whichever is larger (Developer Guide: "Burst and adaptive capacity", "Capacity unit consumption for
 * write operations", "Item sizes and formats").
 */
import { parseArgs } from 'node:util'
import type { FleetReading } from '../../shared/domain/admission.ts'
import { createAccount, getAccount } from '../../shared/stores/accounts.ts'
import { creditAccount } from '../../shared/stores/credits.ts'
import { holdBudget, MAX_HOLDS, settleHold } from '../../shared/stores/holds.ts'
import { leaveLine } from '../../shared/stores/send-waiting.ts'
import { startEdge } from '../api/edge.ts'
import { machineLine } from './machine.ts'

const WRITE_UNITS_PER_SECOND = 1000
const OPEN = [10, 100, MAX_HOLDS] as const
const AT_ONCE = 16
const PRICE = 20
const NFE = 100
/** A fleet in which an account has one message that waits: every begin is noted. */
const CROWDED: FleetReading = {
  at: 0,
  secondsPerNfe: 0.1,
  tasks: 1,
  maxTasks: 1,
  concurrency: 2,
  queuedNfe: 0,
  runningNfe: 0,
  running: 0,
  accounts: 100,
  heaviest: [],
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const edge = await startEdge()
const { table } = edge.api

/** Size of an attribute's value, bytes, by the rules of "Item sizes and formats". */
const sizeOf = (value: unknown): number => {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (typeof value === 'number') return Math.ceil(String(Math.abs(value)).replaceAll(/\D/g, '').length / 2) + 1
  if (typeof value !== 'object' || value === null) return 1
  const parts = Object.entries(value)
  const names = Array.isArray(value) ? 0 : parts.reduce((sum, [name]) => sum + Buffer.byteLength(name), 0)
  return 3 + names + parts.reduce((sum, [, part]) => sum + 1 + sizeOf(part), 0)
}

/** All of them, so many at once; how many a second. */
const rateOf = async (ids: readonly string[], act: (id: string) => Promise<unknown>): Promise<number> => {
  const left = [...ids]
  const from = performance.now()
  const lane = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await act(id)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return ids.length / ((performance.now() - from) / 1000)
}

const rows = []
for (const open of OPEN) {
  const accountId = `acct_${open}`
  const at = Date.now()
  await createAccount(table, { id: accountId, name: 'Bench', webhookSecret: 'none', at })
  await creditAccount(table, { accountId, id: 'opening', microUsd: open * NFE * PRICE, at })
  const ids = Array.from({ length: open }, (_, index) => `gen_01M8B402HBV45SXT3V89SJ${String(index).padStart(4, '0')}`)
  const key = { id: 'key_01M8B402HBV45SXT3V89SJW8Q9', nfe_per_day: null, nfe_per_month: null }
  const terms = { accountId, key, at, createdAt: at, reviewAt: at, microUsd: NFE * PRICE, nfe: NFE }
  const holds = await rateOf(ids, (generationId) => holdBudget(table, { ...terms, generationId }))
  const sending = { table, queues: edge.api.queues, fleet: async () => CROWDED }
  const begins = await rateOf(ids, (generationId) => leaveLine(sending, { accountId, generationId }))
  const account = await getAccount(table, accountId)
  if (!Object.values(account?.holds ?? {}).every((hold) => hold.at_work)) throw new Error('a begin was not noted')
  const bytes = sizeOf(account)
  const used = { nfe: NFE / 2, microUsd: (NFE / 2) * PRICE }
  const settlements = await rateOf(ids, async (generationId) => {
    const hold = account?.holds[generationId]
    if (hold === undefined) throw new Error(`${generationId} is not held`)
    if ((await settleHold(table, { accountId, generationId, hold, used })) === undefined) throw new Error('not settled')
  })
  const units = Math.ceil(bytes / 1024)
  rows.push({
    open,
    item_kib: Math.round((bytes / 1024) * 10) / 10,
    holds_per_second: Math.round(holds),
    begins_per_second: Math.round(begins),
    settlements_per_second: Math.round(settlements),
    aws_write_units: units,
    aws_acts_per_second: Math.round((WRITE_UNITS_PER_SECOND / units) * 10) / 10,
  })
}
await edge.close()
const machine = machineLine()
if (values.json) console.log(JSON.stringify({ at_once: AT_ONCE, rows, machine }))
else {
  console.table(rows)
  console.log(`${AT_ONCE} at once, ${machine}`)
}
