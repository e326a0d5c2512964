/**
 * The ledger: append-only entries of money credited and settled, by time. What is held is no entry: it stands on the account,
 * with the generation that it is held for.
 *
 * It is written AHEAD of a settlement: the entry stands before the account item changes. So whatever the account has spent is
 * in the ledger, and a settlement whose hold still stands on the account is the only one not yet counted. An entry's time and
 * id come from what it records (`created_at`, `finished_at`), so written twice it is written once.
 */
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { DEFAULT_PRIORITY, type Priority } from '../contract/priority.ts'
import { billUsage } from '../domain/price.ts'
import type { GenerationItem } from './generations.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey, accountKey } from './table.ts'

interface Entry {
  readonly id: string
  readonly account_id: string
  readonly at: number
  readonly micro_usd: number
}

export interface CreditEntry extends Entry {
  readonly kind: 'credit'
  /** As the payer named it. */
  readonly credit_id: string
}

/** What a generation used, and everything that explains the amount: micro_usd = nfe x micro_usd_per_nfe, by that price list. */
export interface GenerationEntry extends Entry {
  readonly kind: 'settle'
  readonly generation_id: string
  readonly key_id: string
  readonly pack: string
  readonly priority: Priority
  readonly price_list: string
  readonly micro_usd_per_nfe: number
  readonly nfe: number
}

export type LedgerEntry = CreditEntry | GenerationEntry

/** Throws when the generation has not ended, or used more than it held. */
export const settleEntry = (generation: GenerationItem): GenerationEntry => {
  const { finished_at: at, nfe_used: nfe = 0, nfe_budget: nfeHeld, micro_usd_per_nfe } = generation
  if (at === undefined) throw new Error(`generation ${generation.id} has not ended`)
  const bill = billUsage({ nfeHeld, nfeUsed: nfe, microUsdPerNfe: micro_usd_per_nfe })
  return {
    id: `settle_${generation.id}`,
    kind: 'settle',
    account_id: generation.account_id,
    at,
    generation_id: generation.id,
    key_id: generation.key_id,
    pack: generation.pack,
    priority: generation.priority ?? DEFAULT_PRIORITY,
    price_list: generation.price_list,
    micro_usd_per_nfe,
    nfe,
    micro_usd: bill.price_micro_usd,
  }
}

export const creditEntry = (credit: { accountId: string; id: string; microUsd: number; at: number }): CreditEntry => ({
  id: `credit_${credit.id}`,
  kind: 'credit',
  account_id: credit.accountId,
  credit_id: credit.id,
  micro_usd: credit.microUsd,
  at: credit.at,
})

/** Entries sort by time, then id. */
export const ledgerKey = ({ account_id, at, id }: LedgerEntry) =>
  accountItemKey(account_id, 'LEDGER', `${new Date(at).toISOString()}#${id}`)

export const appendLedger = async (table: Table, entry: LedgerEntry): Promise<void> => {
  await conditional(
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: { ...ledgerKey(entry), ...entry },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  )
}

export interface LedgerPage {
  readonly entries: LedgerEntry[]
  /** Hand it to the next call to read on; undefined at the end. */
  readonly next: string | undefined
}

export interface LedgerRange {
  readonly accountId: string
  /** fromMs <= at < toMs */
  readonly fromMs: number
  readonly toMs: number
}

/** A page of entries, oldest first. `after` is the `next` of the page before; a forged one can only skip entries of the same account. */
export const listLedger = async (
  table: Table,
  { accountId, fromMs, toMs, limit, after }: LedgerRange & { limit?: number; after?: string },
): Promise<LedgerPage> => {
  const { pk } = accountKey(accountId)
  const range = { from: `LEDGER#${new Date(fromMs).toISOString()}`, to: `LEDGER#${new Date(toMs).toISOString()}` }
  const resumed = `LEDGER#${after ?? ''}\0`
  const from = after !== undefined && resumed > range.from ? resumed : range.from
  if (from > range.to) return { entries: [], next: undefined }
  const { Items, LastEvaluatedKey } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :account AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':account': pk,
        ':from': from,
        // Every entry of a millisecond sorts after the bare time, so the end is not included.
        ':to': range.to,
      },
      ConsistentRead: true,
      ...(limit !== undefined && { Limit: limit }),
    }),
  )
  const entries = (Items ?? []).map(({ pk: _pk, sk: _sk, ...entry }) => entry as unknown as LedgerEntry)
  return { entries, next: LastEvaluatedKey && String(LastEvaluatedKey['sk']).slice('LEDGER#'.length) }
}

/** Every entry of a range, oldest first, page by page. */
export async function* readLedger(table: Table, range: LedgerRange): AsyncGenerator<LedgerEntry> {
  let after: string | undefined
  do {
    const page = await listLedger(table, { ...range, ...(after !== undefined && { after }) })
    yield* page.entries
    after = page.next
  } while (after !== undefined)
}
