/**
 * The layout of the one table. Everything an account owns lies under its own partition key, so no key of one account can
 * name an item of another.
 *
 *   pk ACCOUNT#<id>   sk ACCOUNT             the account: balance, holds, webhook secrets
 *                     sk KEY#<key id>        a key, as its account sees it
 *                     sk GENERATION#<id>     a generation, from hold to settlement
 *                     sk DELIVERY#<id>       a webhook delivery and its attempts
 *                     sk ENDPOINT#<id>       a webhook endpoint: address, filter, keys, health
 *                     sk LEDGER#<time>#<id>  append-only entries of money credited and settled
 *                     sk CREDIT#<id>         that a credit was made
 *                     sk STATEMENT#<month>   a month that is closed
 *                     sk METER#<generation id>  what the payment provider was told of a settlement
 *                     sk BATCH#<id>          a batch: its lines in order, and until they are made what they are made of
 *                     sk REQUESTS#<minute>   requests counted against the rate limit, for two minutes
 *                     sk HISTORY#<pack>#<search>  what the account's ended searches took and brought, in sums
 *                     sk IDEMPOTENCY#<hmac>  what a POST with an Idempotency-Key came to, for a day
 *                     sk PROGRESS#<generation>#<event>  what a running search showed, for a day
 *   pk KEY#<hmac>     sk KEY                 from a presented key to its account
 *   pk FLEET          sk FLEET               the last reading of the fleet and of what waits for it
 *   pk ACCOUNTS       sk <account id>        the directory of accounts, for the administration
 *
 * Index `due` (duePk, dueSk) holds what must be looked at later, by time, and nothing else: finished items leave it, ended
 * generations when they are deleted. Of an item it has DUE_ATTRIBUTES: who needs more reads the item by its key.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'

export const DUE_INDEX = 'due'

/**
 * What the index has beside the keys: what `readDue` and `measureOpenWork` read. A write that changes none of these costs the index nothing,
 * and all accounts share its keys.
 */
export const DUE_ATTRIBUTES = ['id', 'account_id', 'status', 'nfe_budget'] as const

/** Epoch seconds after which DynamoDB deletes an item, up to two days late: readers must look at it themselves. */
export const TTL_ATTRIBUTE = 'ttl'

export const tableDefinition = (tableName: string): CreateTableCommandInput => ({
  TableName: tableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk', 'duePk', 'dueSk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: DUE_INDEX,
      KeySchema: [
        { AttributeName: 'duePk', KeyType: 'HASH' },
        { AttributeName: 'dueSk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...DUE_ATTRIBUTES] },
    },
  ],
})

export const accountKey = (accountId: string) => ({ pk: `ACCOUNT#${accountId}`, sk: 'ACCOUNT' })
export const accountItemKey = (accountId: string, kind: AccountItemKind, id: string) => ({
  pk: `ACCOUNT#${accountId}`,
  sk: `${kind}#${id}`,
})
export const DIRECTORY = 'ACCOUNTS'
export const directoryKey = (accountId: string) => ({ pk: DIRECTORY, sk: accountId })
export const FLEET_KEY = { pk: 'FLEET', sk: 'FLEET' }
export const apiKeyKey = (hash: string) => ({ pk: `KEY#${hash}`, sk: 'KEY' })

export type AccountItemKind =
  | 'KEY'
  | 'GENERATION'
  | 'DELIVERY'
  | 'ENDPOINT'
  | 'LEDGER'
  | 'CREDIT'
  | 'STATEMENT'
  | 'IDEMPOTENCY'
  | 'REQUESTS'
  | 'BATCH'
  | 'HISTORY'
  | 'PROGRESS'
  | 'METER'
export type DueKind = 'GENERATION' | 'BATCH' | 'DELIVERY' | 'ACCOUNT' | 'RETENTION'

/** Attributes that put an item into the due index. */
export const dueAt = (kind: DueKind, epochMs: number) => ({
  duePk: `DUE#${kind}`,
  dueSk: new Date(epochMs).toISOString(),
})
