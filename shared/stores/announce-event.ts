/**
 * The one way an event becomes deliveries: one to the request's own URL, where there is one, and one to each endpoint of
 * the account that listens to its type.
 */
import type { EventType } from '../contract/event.ts'
import { type NewDelivery, putDelivery } from './deliveries.ts'
import { type Queues, sendDeliveryMessage } from './queues.ts'
import type { Table } from './store.ts'
import { listEndpoints, type WebhookEndpoint } from './webhook-endpoints.ts'

export interface Announcement {
  readonly accountId: string
  /**
   * Names the event for ever: letters, digits, `_` and `-`. Derive it from what happened, so that announcing it again
   * finds the deliveries of the first time. Deliveries are listed in the order of this id, newest last: begin it with
   * `evt_` and a ulid where there is one.
   */
  readonly eventId: string
  readonly type: EventType
  /** When it happened, epoch milliseconds. */
  readonly timestamp: number
  /** The `data` of the body, as JSON; with links rather than content: a body stays under 20 kB. */
  readonly data: object
  /** Receiver named by the request that caused the event; signed with the account's secret. */
  readonly perRequestUrl?: string
}

/**
 * Makes an event's deliveries and wakes the workers. May run any number of times: a delivery's id comes from the event and
 * its receiver, an endpoint made after the event is no receiver of it, and a message too many finds nothing to do. A message
 * that is lost is made up for by the due index.
 */
export const announceEvent = async (
  on: { readonly table: Table; readonly queues: Queues },
  event: Announcement,
): Promise<void> => {
  const endpoints = await listEndpoints(on.table, event.accountId)
  const receivers = endpoints.filter(
    (endpoint) => endpoint.created_at <= event.timestamp && listensTo(endpoint, event.type),
  )
  const deliveries = receivers.map((endpoint) => deliveryTo(endpoint, event))
  if (event.perRequestUrl !== undefined)
    deliveries.push({ ...deliveryOf(event), id: event.eventId, url: event.perRequestUrl, state: 'pending' })
  await Promise.all(deliveries.map((delivery) => owe(on, delivery)))
}

/** Sends an event to one endpoint, whatever it listens to, in one attempt; the delivery's id. */
export const announceTest = async (
  on: { readonly table: Table; readonly queues: Queues },
  endpoint: WebhookEndpoint,
  event: Announcement,
): Promise<string> => {
  const delivery = { ...deliveryTo(endpoint, event), max_attempts: 1 }
  await owe(on, delivery)
  return delivery.id
}

const deliveryTo = (endpoint: WebhookEndpoint, event: Announcement): NewDelivery => ({
  ...deliveryOf(event),
  id: `${event.eventId}-${endpoint.id}`,
  endpoint_id: endpoint.id,
  url: endpoint.url,
  state: endpoint.disabled === undefined ? 'pending' : 'disabled',
})

const deliveryOf = (event: Announcement) => ({
  account_id: event.accountId,
  event_id: event.eventId,
  event_type: event.type,
  body: eventBody(event),
  at: event.timestamp,
})

/** The body that is signed and sent. */
const eventBody = ({ type, timestamp, data }: Pick<Announcement, 'type' | 'timestamp' | 'data'>): string =>
  JSON.stringify({ type, timestamp: new Date(timestamp).toISOString(), data })

const owe = async (on: { table: Table; queues: Queues }, delivery: NewDelivery): Promise<void> => {
  await putDelivery(on.table, delivery)
  if (delivery.state === 'disabled') return
  await sendDeliveryMessage(on.queues, { account_id: delivery.account_id, delivery_id: delivery.id })
}

const listensTo = ({ events }: WebhookEndpoint, type: EventType): boolean =>
  events.some((wanted) => wanted === '*' || wanted === type)
