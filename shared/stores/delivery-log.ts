/** The log of an account's deliveries: to look at, and to send again. */
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { DeliveryState } from '../contract/generation.ts'
import { type Delivery, getDelivery, logEnd } from './deliveries.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey, dueAt, TTL_ATTRIBUTE } from './table.ts'

/** Items one page of the log looks at, most of which a filter may leave out. */
const MAX_LOOKED_AT = 1000
const QUERY_PAGE = 100

export interface DeliveryFilter {
  readonly endpointId?: string
  /** Deliveries of one event. */
  readonly eventId?: string
  readonly eventType?: string
  readonly states?: readonly DeliveryState[]
  /** Made at or after, epoch milliseconds. */
  readonly since?: number
}

export interface DeliveryPage {
  readonly deliveries: readonly Delivery[]
  /** Id to go on after; undefined at the end. A page may be short, even empty, and not be the last. */
  readonly after: string | undefined
}

/** Deliveries that pass the filter, newest event first, at most `limit`, after the delivery with id `after`. */
export const listDeliveries = async (
  table: Table,
  { accountId, filter, limit, after }: { accountId: string; filter: DeliveryFilter; limit: number; after?: string },
): Promise<DeliveryPage> => {
  const query = queryOf(accountId, filter)
  const found: Delivery[] = []
  let start = after
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; lookedAt += QUERY_PAGE) {
    const { Items, LastEvaluatedKey } = await table.client.send(
      new QueryCommand({
        ...query,
        TableName: table.name,
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: QUERY_PAGE,
        ...(start !== undefined && { ExclusiveStartKey: accountItemKey(accountId, 'DELIVERY', start) }),
      }),
    )
    found.push(...((Items ?? []) as Delivery[]))
    if (found.length > limit) return { deliveries: found.slice(0, limit), after: found[limit - 1]?.id }
    if (LastEvaluatedKey === undefined) return { deliveries: found, after: undefined }
    start = String(LastEvaluatedKey['sk']).slice('DELIVERY#'.length)
  }
  return { deliveries: found, after: start }
}

const queryOf = (accountId: string, filter: DeliveryFilter) => {
  const { pk, sk } = accountItemKey(accountId, 'DELIVERY', filter.eventId ?? '')
  const states = (filter.states ?? []).map((state, index) => [`:state${index}`, state] as const)
  const tests = [
    ...(filter.endpointId === undefined ? [] : ['#endpoint = :endpoint']),
    ...(filter.eventId === undefined ? [] : ['#event = :event']),
    ...(filter.eventType === undefined ? [] : ['#type = :type']),
    ...(filter.since === undefined ? [] : ['#created >= :since']),
    ...(states.length === 0 ? [] : [`#state IN (${states.map(([name]) => name).join(', ')})`]),
  ]
  const names = {
    '#endpoint': 'endpoint_id',
    '#event': 'event_id',
    '#type': 'event_type',
    '#created': 'created_at',
    '#state': 'state',
  }
  return {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :from)',
    ExpressionAttributeValues: {
      ':pk': pk,
      ':from': sk,
      ...(filter.endpointId !== undefined && { ':endpoint': filter.endpointId }),
      ...(filter.eventId !== undefined && { ':event': filter.eventId }),
      ...(filter.eventType !== undefined && { ':type': filter.eventType }),
      ...(filter.since !== undefined && { ':since': filter.since }),
      ...Object.fromEntries(states),
    },
    ...(tests.length > 0 && {
      FilterExpression: tests.join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(
        Object.entries(names).filter(([name]) => tests.some((test) => test.startsWith(name))),
      ),
    }),
  }
}

export type ReplayOutcome =
  | { readonly kind: 'replayed'; readonly delivery: Delivery }
  /** A worker is sending it at this moment. */
  | { readonly kind: 'in progress' }
  | { readonly kind: 'unknown' }

/**
 * Makes a delivery due now, in a new series of attempts, with the same event id and body. Conditional on the series that was
 * read: a repeated write finds its own series and starts no other.
 */
export const replayDelivery = async (
  table: Table,
  { now, ...named }: { accountId: string; deliveryId: string; now: number },
): Promise<ReplayOutcome> => {
  const before = await getDelivery(table, named)
  if (before === undefined) return { kind: 'unknown' }
  const due = dueAt('DELIVERY', now)
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountItemKey(named.accountId, 'DELIVERY', named.deliveryId),
        UpdateExpression:
          'SET #state = :pending, series = :next, due_at = :now, claimed_until = :none, duePk = :duePk, dueSk = :dueSk, #ttl = :ttl',
        ConditionExpression: 'series = :series AND claimed_until < :now',
        ExpressionAttributeNames: { '#state': 'state', '#ttl': TTL_ATTRIBUTE },
        ExpressionAttributeValues: {
          ':ttl': logEnd(now),
          ':pending': 'pending',
          ':series': before.series,
          ':next': before.series + 1,
          ':now': now,
          ':none': 0,
          ':duePk': due.duePk,
          ':dueSk': due.dueSk,
        },
      }),
    ),
  )
  const delivery = await getDelivery(table, named)
  if (delivery === undefined) return { kind: 'unknown' }
  return delivery.series > before.series ? { kind: 'replayed', delivery } : { kind: 'in progress' }
}
