/** What every store needs: the table, and its name. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'
import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb'
import { DUE_INDEX, type DueKind } from './table.ts'

export interface Table {
  readonly client: DynamoDBDocumentClient
  readonly name: string
}

const DUE_PAGE = 100

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

/** An entry of the index: whose, and which. An account's own is its id alone. */
export interface DueEntry {
  readonly id: string
  readonly account_id?: string
}

/**
 * What is due before a time, oldest first, page by page: what cannot be finished now does not hide what stands behind it.
 * At most `limit`. The index may lag: read the item before acting on it.
 */
export async function* readDue(
  table: Table,
  { kind, beforeMs, limit }: { kind: DueKind; beforeMs: number; limit: number },
): AsyncGenerator<DueEntry> {
  let read = 0
  let after: Record<string, unknown> | undefined
  do {
    const { Items = [], LastEvaluatedKey }: QueryCommandOutput = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'duePk = :kind AND dueSk <= :before',
        ExpressionAttributeValues: { ':kind': `DUE#${kind}`, ':before': new Date(beforeMs).toISOString() },
        Limit: Math.min(DUE_PAGE, limit - read),
        ...(after !== undefined && { ExclusiveStartKey: after }),
      }),
    )
    yield* Items as DueEntry[]
    read += Items.length
    after = LastEvaluatedKey
  } while (after !== undefined && read < limit)
}
