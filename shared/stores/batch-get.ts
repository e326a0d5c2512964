/** Reads many items by their keys, in batches as DynamoDB takes them. */
import { BatchGetCommand, type BatchGetCommandOutput } from '@aws-sdk/lib-dynamodb'
import type { Table } from './store.ts'

const BATCH = 100

type Key = Readonly<Record<'pk' | 'sk', string>>

/** The items found, in no order; those that are not there are missing. */
export const batchGet = async (table: Table, keys: readonly Key[]): Promise<Record<string, unknown>[]> => {
  const items: Record<string, unknown>[] = []
  for (let at = 0; at < keys.length; at += BATCH) {
    let left: Record<string, unknown>[] = keys.slice(at, at + BATCH)
    while (left.length > 0) {
      const answer: BatchGetCommandOutput = await table.client.send(
        new BatchGetCommand({ RequestItems: { [table.name]: { Keys: left, ConsistentRead: true } } }),
      )
      items.push(...(answer.Responses?.[table.name] ?? []))
      left = answer.UnprocessedKeys?.[table.name]?.Keys ?? []
    }
  }
  return items
}
