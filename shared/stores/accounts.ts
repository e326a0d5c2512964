/**
 * The account item: balance, holds, totals and the counters of its keys. Each act on it is ONE conditional update (holds.ts,
 * credits.ts), so balance + held + spent = credited at every instant a reader can see, and repeating an act changes nothing.
 */
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { AlertMark } from './balance-alerts.ts'
import { batchGet } from './batch-get.ts'
import type { Hold } from './holds.ts'
import { conditional, type Table } from './store.ts'
import { accountKey, DIRECTORY, directoryKey, dueAt } from './table.ts'

export interface Account {
  readonly id: string
  readonly name: string
  readonly balance_micro_usd: number
  readonly held_micro_usd: number
  readonly spent_micro_usd: number
  readonly credited_micro_usd: number
  readonly holds: Readonly<Record<string, Hold>>
  /** NFEs held or used, by key and period: see holds.ts. */
  readonly key_nfe: Readonly<Record<string, number>>
  /** Amounts below which an event says that the credit runs out: see balance-alerts.ts. */
  readonly balance_alerts_micro_usd: readonly number[]
  /** Alert -> when it was last given, and at what credit. */
  readonly alerted: Readonly<Record<string, AlertMark>>
  readonly webhook_secrets: readonly string[]
  /** Rotated away, newest first, and how long each still signs: see account-webhook-secret.ts. */
  readonly former_webhook_secrets?: readonly { readonly secret: string; readonly expires_at: number }[]
  readonly created_at: number
}

/** Opens an account. Opened again under the same id it stays as it is. */
export const createAccount = async (
  table: Table,
  account: { id: string; name: string; webhookSecret: string; at: number },
): Promise<void> => {
  const item: Account = {
    id: account.id,
    name: account.name,
    balance_micro_usd: 0,
    held_micro_usd: 0,
    spent_micro_usd: 0,
    credited_micro_usd: 0,
    holds: {},
    key_nfe: {},
    balance_alerts_micro_usd: [],
    alerted: {},
    webhook_secrets: [account.webhookSecret],
    created_at: account.at,
  }
  // The directory first: a crash between leaves a line that lists nothing, never an account that nobody finds.
  await table.client.send(new PutCommand({ TableName: table.name, Item: directoryKey(account.id) }))
  await conditional(
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: { ...accountKey(account.id), ...item },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  )
}

export const getAccount = async (table: Table, accountId: string): Promise<Account | undefined> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: accountKey(accountId), ConsistentRead: true }),
  )
  return Item as Account | undefined
}

/** A page of accounts, newest first; `after` is the id to read on from. */
export const listAccounts = async (
  table: Table,
  { limit, after }: { limit: number; after?: string },
): Promise<{ accounts: Account[]; next: string | undefined }> => {
  const { Items, LastEvaluatedKey } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :directory',
      ExpressionAttributeValues: { ':directory': DIRECTORY },
      ScanIndexForward: false,
      Limit: limit,
      ...(after !== undefined && { ExclusiveStartKey: directoryKey(after) }),
    }),
  )
  const ids = (Items ?? []).map(({ sk }) => String(sk))
  const items = await batchGet(table, ids.map(accountKey))
  const found = new Map(items.map((item) => [String(item['id']), item as unknown as Account]))
  return {
    accounts: ids.map((id) => found.get(id)).filter((account) => account !== undefined),
    next: LastEvaluatedKey && String(LastEvaluatedKey['sk']),
  }
}

export type AccountChange = {
  readonly [Field in 'name' | 'balance_alerts_micro_usd']?: Account[Field] | undefined
}

/** What an account may be called and warned of; what is left out stays. Undefined when there is no such account. */
export const changeAccount = async (
  table: Table,
  accountId: string,
  change: AccountChange,
): Promise<Account | undefined> => {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined)
  const changed = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountKey(accountId),
        UpdateExpression: `SET ${entries.map(([name]) => `#${name} = :${name}`).join(', ')}`,
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(entries.map(([name, value]) => [`:${name}`, value])),
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return changed?.Attributes as Account | undefined
}

/** Moves the account's place in the due index: to the next review, or out of it when no hold is left. */
export const rescheduleReview = async (table: Table, accountId: string, reviewAt: number): Promise<void> => {
  const left = await conditional(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: accountKey(accountId),
          UpdateExpression: 'REMOVE duePk, dueSk',
          ConditionExpression: 'size(holds) = :none',
          ExpressionAttributeValues: { ':none': 0 },
        }),
      )
      .then(() => true),
  )
  if (left) return
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountKey(accountId),
        UpdateExpression: 'SET dueSk = :at',
        ConditionExpression: 'attribute_exists(duePk)',
        ExpressionAttributeValues: { ':at': dueAt('ACCOUNT', reviewAt).dueSk },
      }),
    ),
  )
}
