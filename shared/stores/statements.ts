/**
 * Statements by month. A month is closed once it is over and every generation that ended in it is settled; its statement is
 * then stored and never drawn up again, so an invoice stays what it was. Until then it is drawn up from the ledger each time.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { endOfMonth, monthOf, shiftMonth, startOfMonth } from '../domain/period.ts'
import { drawStatement, type Statement } from '../domain/statement.ts'
import { type Account, getAccount } from './accounts.ts'
import { getGeneration } from './generations.ts'
import { type LedgerEntry, type LedgerRange, readLedger } from './ledger.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey } from './table.ts'

export interface DrawnStatement extends Statement {
  /** The account's name when it was drawn up. */
  readonly account_name: string
  /** When the month was closed; null while it may still change. */
  readonly closed_at: number | null
}

/** Clocks differ, and a write takes its time: a month is looked at only this long after its end. */
export const CLOSE_AFTER_MS = 3_600_000

/** The statement of a month. Undefined before the account was opened and in the future. */
export const readStatement = async (
  table: Table,
  { account, month, now }: { account: Account; month: string; now: number },
): Promise<DrawnStatement | undefined> => {
  const first = monthOf(account.created_at)
  if (month < first || month > monthOf(now)) return undefined
  const stored = await getStatement(table, account.id, month)
  if (stored !== undefined) return stored
  // Back to the last closed month, then forward: each month opens with what the one before it closed with.
  let at = month
  let before: DrawnStatement | undefined
  while (at > first && before === undefined) {
    before = await getStatement(table, account.id, shiftMonth(at, -1))
    if (before === undefined) at = shiftMonth(at, -1)
  }
  for (; ; at = shiftMonth(at, 1)) {
    before = await drawMonth(table, { account, month: at, now, openingMicroUsd: before?.closing_micro_usd ?? 0 })
    if (at === month) return before
  }
}

const getStatement = async (table: Table, accountId: string, month: string): Promise<DrawnStatement | undefined> => {
  const key = accountItemKey(accountId, 'STATEMENT', month)
  const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key: key, ConsistentRead: true }))
  return Item?.['statement'] as DrawnStatement | undefined
}

/** Draws up one month, and stores it when it is closed. Stored twice it is the same twice: a closed month changes no more. */
const drawMonth = async (
  table: Table,
  from: { account: Account; month: string; now: number; openingMicroUsd: number },
): Promise<DrawnStatement> => {
  const { account, month, now } = from
  const range = { accountId: account.id, fromMs: startOfMonth(month), toMs: endOfMonth(month) }
  // Looked at before the ledger is read: what is settled by now is in it.
  const closed = await isClosed(table, from)
  const entries = await readSettled(table, range)
  const statement: DrawnStatement = {
    ...drawStatement({ ...from, entries }),
    account_name: account.name,
    closed_at: closed ? now : null,
  }
  if (!closed) return statement
  await conditional(
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: { ...accountItemKey(account.id, 'STATEMENT', month), statement },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  )
  return (await getStatement(table, account.id, month)) ?? statement
}

/**
 * Whether nothing can be added to a month: it is over, and no hold belongs to a generation that ended in it. One that is
 * still open will end later, so it belongs to a later month.
 */
const isClosed = async (
  table: Table,
  { account, month, now }: { account: Account; month: string; now: number },
): Promise<boolean> => {
  const end = endOfMonth(month)
  if (now < end + CLOSE_AFTER_MS) return false
  const current = await getAccount(table, account.id)
  const held = Object.keys(current?.holds ?? {})
  const generations = await Promise.all(
    held.map((generationId) => getGeneration(table, { accountId: account.id, generationId })),
  )
  return !generations.some((generation) => generation?.finished_at !== undefined && generation.finished_at < end)
}

const MAX_TRIES = 4

/**
 * The entries of a range that the account item has counted. A settlement is in the ledger before it is counted; one whose
 * hold stands after the ledger was read is left out. Read again when money was settled meanwhile, so that entries and account
 * are of one moment; on an account that never rests the last try stands: all that was counted when it began, and nothing that
 * was not when it ended.
 */
export const readSettled = async (table: Table, range: LedgerRange): Promise<LedgerEntry[]> => {
  for (let tries = 1; ; tries++) {
    const before = await getAccount(table, range.accountId)
    const entries: LedgerEntry[] = []
    for await (const entry of readLedger(table, range)) entries.push(entry)
    const after = await getAccount(table, range.accountId)
    const still =
      before?.spent_micro_usd === after?.spent_micro_usd && before?.credited_micro_usd === after?.credited_micro_usd
    if (still || tries === MAX_TRIES)
      return entries.filter((entry) => entry.kind === 'credit' || after?.holds[entry.generation_id] === undefined)
  }
}
