/**
 * API keys. A key is what an account names and limits; its secrets are what clients present: one, or two while it is being
 * rotated. Each secret has an item of its own under its HMAC, with a copy of the whole key, so that a request is
 * authenticated by one read. Every change of a key rewrites all its copies in one transaction: none is ever behind.
 */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import {
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import type { Scope } from '../contract/key.ts'
import { batchGet } from './batch-get.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey, accountKey, apiKeyKey } from './table.ts'

export interface KeySecret {
  /** HMAC of the secret; the secret itself is never stored. */
  readonly hash: string
  /** How it begins, so that a person recognises it. */
  readonly hint: string
  readonly created_at: number
  /** Set by a rotation. */
  readonly expires_at: number | null
}

export interface ApiKey {
  readonly id: string
  readonly account_id: string
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly nfe_per_request: number | null
  readonly nfe_per_day: number | null
  readonly nfe_per_month: number | null
  readonly packs: readonly string[] | null
  readonly secrets: readonly KeySecret[]
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
  /** Rises with every change. */
  readonly version: number
}

type TransactItems = NonNullable<TransactWriteCommandInput['TransactItems']>

const keyPlace = (key: { account_id: string; id: string }) => accountItemKey(key.account_id, 'KEY', key.id)

/** Writes a new key with its first secret. Written again with the same secret it changes nothing. */
export const putApiKey = async (table: Table, key: ApiKey): Promise<void> => {
  const items = [keyPlace(key), ...key.secrets.map(({ hash }) => apiKeyKey(hash))].map((place) => ({
    Put: { TableName: table.name, Item: { ...place, key }, ConditionExpression: 'attribute_not_exists(pk)' },
  }))
  if (await transact(table, items)) return
  const standing = await getApiKey(table, { accountId: key.account_id, keyId: key.id })
  if (standing?.secrets[0]?.hash !== key.secrets[0]?.hash) throw new Error(`key ${key.id} exists with another secret`)
}

export interface FoundKey {
  readonly key: ApiKey
  readonly secret: KeySecret
  /** When this secret was last used, to within the time between two notes. */
  readonly lastUsedAt: number | undefined
}

/** The key that a presented secret belongs to, live or not. */
export const findApiKey = async (table: Table, hash: string): Promise<FoundKey | undefined> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: apiKeyKey(hash), ConsistentRead: true }),
  )
  const key = Item?.['key'] as ApiKey | undefined
  const secret = key?.secrets.find((each) => each.hash === hash)
  if (key === undefined || secret === undefined) return undefined
  return { key, secret, lastUsedAt: Item?.['last_used_at'] as number | undefined }
}

/** Notes that a secret was used. Never goes back in time, so notes may come twice or in any order. */
export const noteUse = async (table: Table, { hash, at }: { hash: string; at: number }): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: apiKeyKey(hash),
        UpdateExpression: 'SET last_used_at = :at',
        ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at < :at)',
        ExpressionAttributeValues: { ':at': at },
      }),
    ),
  )
}

export interface NamedKey {
  readonly accountId: string
  readonly keyId: string
}

export const getApiKey = async (table: Table, { accountId, keyId }: NamedKey): Promise<ApiKey | undefined> => {
  const place = accountItemKey(accountId, 'KEY', keyId)
  const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key: place, ConsistentRead: true }))
  return Item?.['key'] as ApiKey | undefined
}

/** Every key of an account, revoked and expired ones too, oldest first. */
export const listApiKeys = async (table: Table, accountId: string): Promise<ApiKey[]> => {
  const keys: ApiKey[] = []
  let start: Record<string, unknown> | undefined
  do {
    const { Items, LastEvaluatedKey } = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :account AND begins_with(sk, :keys)',
        ExpressionAttributeValues: { ':account': accountKey(accountId).pk, ':keys': 'KEY#' },
        ConsistentRead: true,
        ...(start && { ExclusiveStartKey: start }),
      }),
    )
    keys.push(...(Items ?? []).map((item) => item['key'] as ApiKey))
    start = LastEvaluatedKey
  } while (start !== undefined)
  return keys
}

/** When each secret was last used, by hash; those never used are missing. */
export const lastUses = async (table: Table, hashes: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const uses = new Map<string, number>()
  for (const item of await batchGet(table, hashes.map(apiKeyKey)))
    if (typeof item['last_used_at'] === 'number')
      uses.set(String(item['pk']).slice('KEY#'.length), item['last_used_at'])
  return uses
}

const MAX_TRIES = 8

/**
 * Changes a key and all its copies at once: a request that comes after the answer meets the key as it is now. `change` may
 * throw to refuse; it runs again when somebody else changed the key in between. Undefined when the account has no such key.
 */
export const changeApiKey = async (
  table: Table,
  named: NamedKey,
  change: (key: ApiKey) => ApiKey,
): Promise<ApiKey | undefined> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const current = await getApiKey(table, named)
    if (current === undefined) return undefined
    const next: ApiKey = { ...change(current), version: current.version + 1 }
    if (await transact(table, rewrite(table, current, next))) return next
  }
  throw new Error(`key ${named.keyId} changed ${MAX_TRIES} times while it was being changed`)
}

const rewrite = (table: Table, current: ApiKey, next: ApiKey): TransactItems => {
  const had = new Set(current.secrets.map(({ hash }) => hash))
  const kept = new Set(next.secrets.map(({ hash }) => hash))
  const update = (Key: Record<string, string>) => ({
    Update: {
      TableName: table.name,
      Key,
      UpdateExpression: 'SET #key = :next',
      ConditionExpression: '#key.version = :version',
      ExpressionAttributeNames: { '#key': 'key' },
      ExpressionAttributeValues: { ':next': next, ':version': current.version },
    },
  })
  return [
    update(keyPlace(current)),
    ...[...kept].map((hash) =>
      had.has(hash)
        ? update(apiKeyKey(hash))
        : { Put: { TableName: table.name, Item: { ...apiKeyKey(hash), key: next } } },
    ),
    ...[...had]
      .filter((hash) => !kept.has(hash))
      .map((hash) => ({ Delete: { TableName: table.name, Key: apiKeyKey(hash) } })),
  ]
}

/** False when a condition failed or another transaction was at the same items. */
const transact = async (table: Table, TransactItems: TransactItems): Promise<boolean> => {
  try {
    await table.client.send(new TransactWriteCommand({ TransactItems }))
    return true
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error
    const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code)
    if (codes.every((code) => code === 'None' || code === 'ConditionalCheckFailed' || code === 'TransactionConflict'))
      return false
    throw error
  }
}
