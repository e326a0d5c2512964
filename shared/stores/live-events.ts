/**
 * Progress events of running searches, kept for at least a day so that a watcher who lost the connection misses none. A runner
 * writes a bounded number of them for each attempt, under ids that begin with its fence.
 */
import { DeleteCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb'
import { type ProgressEvent, progressEventSchema } from '../contract/live-event.ts'
import type { Named } from './generations.ts'
import type { Table } from './store.ts'
import { accountItemKey, TTL_ATTRIBUTE } from './table.ts'

export interface LiveEvent {
  readonly id: string
  readonly event: ProgressEvent
}

const KEPT_SECONDS = 86_400
const DELETED_AT_ONCE = 25

const keyOf = ({ accountId, generationId }: Named, eventId: string) =>
  accountItemKey(accountId, 'PROGRESS', `${generationId}#${eventId}`)

/** An id names one event of one attempt, so writing it twice writes it once. */
export const putLiveEvent = async (table: Table, put: Named & LiveEvent & { now: number }): Promise<void> => {
  const ttl = Math.ceil(put.now / 1000) + KEPT_SECONDS
  await table.client.send(
    new PutCommand({
      TableName: table.name,
      Item: { ...keyOf(put, put.id), event_id: put.id, event: put.event, [TTL_ATTRIBUTE]: ttl },
    }),
  )
}

/** Events after the one named, oldest first, at most `limit`; from the first without a name. */
export const listLiveEvents = async (
  table: Table,
  list: Named & { after?: string | undefined; limit: number },
): Promise<LiveEvent[]> => {
  // BETWEEN includes its ends: '!' sorts right after the id itself, '~' after every id.
  const first = keyOf(list, list.after === undefined ? '' : `${list.after}!`)
  const { Items } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': first.pk, ':first': first.sk, ':last': keyOf(list, '~').sk },
      ConsistentRead: true,
      Limit: list.limit,
    }),
  )
  return (Items ?? []).map((item) => ({
    id: String(item['event_id']),
    event: progressEventSchema.parse(item['event']),
  }))
}

/** Deletes all events of a generation; any number of times. They are few: a runner bounds them. */
export const deleteLiveEvents = async (table: Table, named: Named): Promise<void> => {
  for (;;) {
    const events = await listLiveEvents(table, { ...named, limit: DELETED_AT_ONCE })
    await Promise.all(
      events.map(({ id }) => table.client.send(new DeleteCommand({ TableName: table.name, Key: keyOf(named, id) }))),
    )
    if (events.length < DELETED_AT_ONCE) return
  }
}
