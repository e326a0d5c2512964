/** What every store needs: the table, and its name. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { DUE_INDEX, type DueKind } from './table.ts'

export interface Table {
  readonly client: DynamoDBDocumentClient
  readonly name: string
}

/** Runs a conditional write; a failed condition is an expected outcome, returned as undefined by `onConflict`. */
export const conditional = async <T>(
  write: Promise<T>,
  onConflict: (error: ConditionalCheckFailedException) => T | undefined = () => undefined,
): Promise<T | undefined> => {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return onConflict(error)
    throw error
  }
}

/** Keys of items due before a time, oldest first, at most `limit`. The index may lag: read the item before acting on it. */
export const listDue = async (
  table: Table,
  { kind, beforeMs, limit }: { kind: DueKind; beforeMs: number; limit: number },
): Promise<Record<string, unknown>[]> => {
  const { Items } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      IndexName: DUE_INDEX,
      KeyConditionExpression: 'duePk = :kind AND dueSk <= :before',
      ExpressionAttributeValues: { ':kind': `DUE#${kind}`, ':before': new Date(beforeMs).toISOString() },
      Limit: limit,
    }),
  )
  return Items ?? []
}
