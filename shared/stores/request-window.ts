/** Requests of an account in a minute, counted by one conditional update: exact however many edges count at once. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { conditional, type Table } from './store.ts'
import { accountItemKey, TTL_ATTRIBUTE } from './table.ts'

export const WINDOW_SECONDS = 60

export interface CountedRequest {
  /** False when the window is full; then nothing was counted. */
  readonly counted: boolean
  /** Requests left in this window. */
  readonly left: number
  /** Until the next window begins, 1 or more. */
  readonly resetSeconds: number
}

/** Each window is an item of its own, so a new one begins by its absence, and the old ones die by their time to live. */
export const countRequest = async (
  table: Table,
  { accountId, limit, now }: { accountId: string; limit: number; now: number },
): Promise<CountedRequest> => {
  const window = Math.floor(now / 1000 / WINDOW_SECONDS)
  const ends = (window + 1) * WINDOW_SECONDS
  const written = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountItemKey(accountId, 'REQUESTS', String(window)),
        // An SDK retry may count one request twice: that costs the client one of its minute, no more.
        UpdateExpression: 'ADD requests :one SET #ttl = :ttl',
        ConditionExpression: 'attribute_not_exists(requests) OR requests < :limit',
        ExpressionAttributeNames: { '#ttl': TTL_ATTRIBUTE },
        ExpressionAttributeValues: { ':one': 1, ':limit': limit, ':ttl': ends + WINDOW_SECONDS },
        ReturnValues: 'UPDATED_NEW',
      }),
    ),
  )
  const resetSeconds = Math.max(1, Math.ceil(ends - now / 1000))
  if (written === undefined) return { counted: false, left: 0, resetSeconds }
  return { counted: true, left: Math.max(0, limit - Number(written.Attributes?.['requests'])), resetSeconds }
}
