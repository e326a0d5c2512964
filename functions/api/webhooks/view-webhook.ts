/** Stored webhook endpoints and deliveries as clients see them: no secret among them. */
import type { DeliveryView, EndpointView } from '../../../shared/contract/webhook.ts'
import type { Delivery } from '../../../shared/stores/deliveries.ts'
import { liveKeys } from '../../../shared/stores/endpoint-keys.ts'
import type { WebhookEndpoint } from '../../../shared/stores/webhook-endpoints.ts'

const isoTime = (epochMs: number): string => new Date(epochMs).toISOString()

export const viewEndpoint = (endpoint: WebhookEndpoint, now: number): EndpointView => {
  const { disabled, failing } = endpoint
  return {
    object: 'webhook_endpoint',
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    events: [...endpoint.events],
    enabled: disabled === undefined,
    disabled: disabled === undefined ? null : { reason: disabled.reason, at: isoTime(disabled.at) },
    failing: failing === undefined ? null : { since: isoTime(failing.since), attempts: failing.attempts },
    public_keys: liveKeys(endpoint, now).map((keys) => ({
      key: keys.public_key,
      created_at: isoTime(keys.created_at),
      expires_at: keys.expires_at === undefined ? null : isoTime(keys.expires_at),
    })),
    created_at: isoTime(endpoint.created_at),
  }
}

export const viewDelivery = (delivery: Delivery): DeliveryView => ({
  object: 'webhook_delivery',
  id: delivery.id,
  event_id: delivery.event_id,
  event_type: delivery.event_type,
  endpoint_id: delivery.endpoint_id ?? null,
  url: delivery.url,
  state: delivery.state,
  next_attempt_at: delivery.state === 'pending' ? isoTime(delivery.due_at) : null,
  attempts: delivery.attempts.map(({ at, series, duration_ms, outcome, status, response_excerpt }) => ({
    at: isoTime(at),
    series,
    duration_ms,
    status: status ?? null,
    outcome,
    response_excerpt: response_excerpt ?? null,
  })),
  created_at: isoTime(delivery.created_at),
})
