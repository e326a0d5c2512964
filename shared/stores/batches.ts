/**
 * Batch items. The item is the promise: written once, after one update has held every line, it has all that the lines'
 * generations are made of. Making them (expand-batch.ts) can be repeated by anybody until the item says that it is done, and
 * what the lines ask for is then taken out of it: from there on each generation keeps its own.
 */
import { BatchGetCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { type GenerationItem, keyOf as keyOfGeneration } from './generations.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey, dueAt } from './table.ts'

export interface BatchItem {
  readonly id: string
  readonly account_id: string
  readonly created_at: number
  /** In the order of the request. */
  readonly lines: readonly { readonly id?: string; readonly generation_id: string }[]
  /** The generations to make; gone once they are made. */
  readonly generations?: readonly GenerationItem[]
}

interface Named {
  readonly accountId: string
  readonly batchId: string
}

export const keyOf = ({ accountId, batchId }: Named) => accountItemKey(accountId, 'BATCH', batchId)

/** Finding the item is success too: an SDK retry can meet its own write. False when reconcile had given this id up. */
export const putBatch = async (table: Table, batch: BatchItem, reviewAt: number): Promise<boolean> => {
  const key = keyOf({ accountId: batch.account_id, batchId: batch.id })
  const written = await conditional(
    table.client
      .send(
        new PutCommand({
          TableName: table.name,
          Item: { ...batch, ...key, ...dueAt('BATCH', reviewAt) },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      .then(() => true),
    ({ Item }) => Item?.['abandoned'] === undefined,
  )
  return written ?? false
}

/** Takes the place of a batch that was never written, so that its holds are free to release. False when it was written. */
export const abandonBatch = async (table: Table, named: Named & { at: number }): Promise<boolean> => {
  const written = await conditional(
    table.client
      .send(
        new PutCommand({
          TableName: table.name,
          Item: { ...keyOf(named), id: named.batchId, abandoned: named.at },
          ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(abandoned)',
        }),
      )
      .then(() => true),
  )
  return written ?? false
}

export type WrittenBatch =
  | { readonly kind: 'written'; readonly batch: BatchItem }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'nothing' }

export const findBatch = async (table: Table, named: Named): Promise<WrittenBatch> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(named), ConsistentRead: true }),
  )
  if (Item === undefined) return { kind: 'nothing' }
  return 'abandoned' in Item ? { kind: 'abandoned' } : { kind: 'written', batch: Item as BatchItem }
}

/** Every line has its generation: the item leaves the due index and forgets what they were made of. */
export const closeBatch = async (table: Table, named: Named): Promise<void> => {
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: keyOf(named),
      UpdateExpression: 'REMOVE generations, duePk, dueSk',
    }),
  )
}

/** Newest first; `after` is the last id of the page before. */
export const listBatches = async (
  table: Table,
  { accountId, limit, after }: { accountId: string; limit: number; after?: string },
): Promise<{ items: BatchItem[]; next?: string }> => {
  const { Items = [], LastEvaluatedKey } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :batches)',
      FilterExpression: 'attribute_exists(created_at)',
      ExpressionAttributeValues: { ':pk': keyOf({ accountId, batchId: '' }).pk, ':batches': 'BATCH#' },
      ScanIndexForward: false,
      Limit: limit,
      ...(after !== undefined && { ExclusiveStartKey: keyOf({ accountId, batchId: after }) }),
    }),
  )
  const next = LastEvaluatedKey === undefined ? undefined : String(LastEvaluatedKey['sk']).slice('BATCH#'.length)
  return { items: Items as BatchItem[], ...(next !== undefined && { next }) }
}

/** The lines' generations as they stand, by id, deleted ones included; what is not made yet is missing. */
export const getLines = async (table: Table, batch: BatchItem): Promise<ReadonlyMap<string, GenerationItem>> => {
  const found = new Map<string, GenerationItem>()
  let keys: Record<string, unknown>[] = batch.lines.map(({ generation_id: generationId }) =>
    keyOfGeneration({ accountId: batch.account_id, generationId }),
  )
  while (keys.length > 0) {
    const { Responses, UnprocessedKeys } = await table.client.send(
      new BatchGetCommand({ RequestItems: { [table.name]: { Keys: keys, ConsistentRead: true } } }),
    )
    for (const item of Responses?.[table.name] ?? []) found.set(String(item['id']), item as GenerationItem)
    keys = UnprocessedKeys?.[table.name]?.Keys ?? []
  }
  return found
}
