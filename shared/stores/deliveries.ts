/**
 * Webhook deliveries: what to send, to whom, and what each attempt met. One delivery for an event and a receiver; claims
 * keep two workers from sending the same attempt, and a claim that its worker never answered runs out.
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { EventType } from '../contract/event.ts'
import type { DeliveryState } from '../contract/generation.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey, dueAt, TTL_ATTRIBUTE } from './table.ts'

/** How long a delivery stays in the log after its event, or after its last replay. */
const KEPT_SECONDS = 90 * 86_400

/** Attempts kept in the item, newest last: five runs of the schedule. */
export const MAX_KEPT_ATTEMPTS = 50

export interface DeliveryAttempt {
  readonly at: number
  /** Which run of the schedule it belongs to: each replay starts another. */
  readonly series: number
  readonly duration_ms: number
  readonly outcome: string
  /** Of an answer: its status and the beginning of its body. */
  readonly status?: number
  readonly response_excerpt?: string
}

export interface Delivery {
  readonly id: string
  readonly account_id: string
  /** The `webhook-id`: the same for every receiver of one event, at every attempt and replay. */
  readonly event_id: string
  readonly event_type: EventType
  /** Whose address and keys are used; without one, `url` and the account's secret. */
  readonly endpoint_id?: string
  readonly url: string
  /** The exact bytes to sign and send, the same at every attempt. */
  readonly body: string
  readonly state: DeliveryState
  /** Attempts of one series; the whole schedule unless said. */
  readonly max_attempts?: number
  /** 1, and one more with each replay. */
  readonly series: number
  readonly attempts: readonly DeliveryAttempt[]
  readonly due_at: number
  readonly claimed_until: number
  readonly created_at: number
}

interface Named {
  readonly accountId: string
  readonly deliveryId: string
}

const keyOf = ({ accountId, deliveryId }: Named) => accountItemKey(accountId, 'DELIVERY', deliveryId)

export type NewDelivery = Pick<
  Delivery,
  'id' | 'account_id' | 'event_id' | 'event_type' | 'endpoint_id' | 'url' | 'body' | 'max_attempts'
> & {
  /** `disabled`: recorded for the log and for a replay, not sent. */
  readonly state: 'pending' | 'disabled'
  readonly at: number
}

/** Records that a delivery is owed. Its id comes from the event and its receiver, so writing it twice writes it once. */
export const putDelivery = async (table: Table, { at, ...what }: NewDelivery): Promise<void> => {
  const item: Delivery = { ...what, series: 1, attempts: [], due_at: at, claimed_until: 0, created_at: at }
  await conditional(
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: {
          ...keyOf({ accountId: what.account_id, deliveryId: what.id }),
          ...item,
          ...(what.state === 'pending' && dueAt('DELIVERY', at)),
          [TTL_ATTRIBUTE]: logEnd(at),
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  )
}

/** When a delivery leaves the log, in seconds since the epoch; the table deletes it some time after. */
export const logEnd = (fromMs: number): number => Math.ceil(fromMs / 1000) + KEPT_SECONDS

export const getDelivery = async (table: Table, named: Named): Promise<Delivery | undefined> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(named), ConsistentRead: true }),
  )
  return Item as Delivery | undefined
}

/** Takes a due, unclaimed, pending delivery for `claimMs`; undefined when there is nothing to do now. */
export const claimDelivery = async (
  table: Table,
  claim: Named & { now: number; claimMs: number },
): Promise<Delivery | undefined> => {
  const taken = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(claim),
        UpdateExpression: 'SET claimed_until = :until, dueSk = :review',
        ConditionExpression: '#state = :pending AND due_at <= :now AND claimed_until < :now',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':until': claim.now + claim.claimMs,
          ':review': dueAt('DELIVERY', claim.now + claim.claimMs).dueSk,
          ':pending': 'pending',
          ':now': claim.now,
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return taken?.Attributes as Delivery | undefined
}

export interface DeliveryOutcome {
  /** As it was claimed. */
  readonly delivery: Delivery
  /** undefined when nothing was sent: its endpoint is off or gone. */
  readonly attempt: DeliveryAttempt | undefined
  /** Where it was sent: an endpoint's address may have changed since the event. */
  readonly url: string
  readonly state: DeliveryState
  /** When the next attempt is due, only while `pending`. */
  readonly dueAtMs: number | undefined
}

/**
 * Writes what a claimed delivery met. Ignored when the claim ran out: another worker has it then. The list of attempts is
 * the claimed one with one more, an absolute value, so that writing it twice is writing it once.
 */
export const recordAttempt = async (table: Table, record: DeliveryOutcome): Promise<void> => {
  const { delivery, attempt, state, dueAtMs } = record
  const next = dueAtMs === undefined ? undefined : dueAt('DELIVERY', dueAtMs)
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf({ accountId: delivery.account_id, deliveryId: delivery.id }),
        UpdateExpression: `SET #state = :state, #url = :url, attempts = :attempts, claimed_until = :none${
          next ? ', due_at = :dueAt, dueSk = :dueSk' : ' REMOVE duePk, dueSk'
        }`,
        ConditionExpression: 'claimed_until = :claimed AND #state = :pending',
        ExpressionAttributeNames: { '#state': 'state', '#url': 'url' },
        ExpressionAttributeValues: {
          ':state': state,
          ':url': record.url,
          ':attempts': [...delivery.attempts, ...(attempt === undefined ? [] : [attempt])].slice(-MAX_KEPT_ATTEMPTS),
          ':none': 0,
          ':claimed': delivery.claimed_until,
          ':pending': 'pending',
          ...(next && { ':dueAt': dueAtMs, ':dueSk': next.dueSk }),
        },
      }),
    ),
  )
}

/** Attempts of the series under way. */
export const attemptsInSeries = ({ series, attempts }: Delivery): number =>
  attempts.filter((attempt) => attempt.series === series).length
