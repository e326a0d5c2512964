/** What an attempt means for its endpoint: good health, one more failure, or the end, of which the account is told. */
import { isBeyondHope } from '../../shared/domain/endpoint-health.ts'
import { eventIdAt } from '../../shared/domain/event-id.ts'
import type { NextAttempt } from '../../shared/domain/retry-schedule.ts'
import { announceEvent } from '../../shared/stores/announce-event.ts'
import { attemptsInSeries, type Delivery } from '../../shared/stores/deliveries.ts'
import { disableEndpoint, noteFailure, noteSuccess } from '../../shared/stores/endpoint-health.ts'
import type { Queues } from '../../shared/stores/queues.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { WebhookEndpoint } from '../../shared/stores/webhook-endpoints.ts'

export interface EndpointContext {
  readonly table: Table
  readonly queues: Queues
  readonly publicUrl: string
}

/**
 * Notes an attempt on its endpoint; true when the endpoint is off now. Comes before the attempt is recorded: a worker that
 * dies between leaves the delivery claimed, and whoever takes it up finds the endpoint off and tells the account again.
 */
export const judgeEndpoint = async (
  on: EndpointContext,
  { endpoint, delivery, next, now }: { endpoint: WebhookEndpoint; delivery: Delivery; next: NextAttempt; now: number },
): Promise<boolean> => {
  const named = { accountId: endpoint.account_id, endpointId: endpoint.id }
  if (next.state === 'delivered') {
    if (endpoint.failing !== undefined) await noteSuccess(on.table, named)
    return false
  }
  const attemptName = `${delivery.id}/${delivery.series}/${attemptsInSeries(delivery) + 1}`
  const failed = await noteFailure(on.table, { ...named, at: now, attemptName })
  const gone = next.state === 'disabled'
  if (!gone && !(failed?.failing !== undefined && isBeyondHope(failed.failing, now))) return false
  const off = await disableEndpoint(on.table, { ...named, reason: gone ? 'gone' : 'failing', at: now })
  if (off !== undefined) await announceDisabled(on, off)
  return true
}

/**
 * Tells the account's other endpoints that one was turned off, when we did it. Its id comes from the endpoint and the
 * moment, so telling it again tells it once.
 */
export const announceDisabled = async (on: EndpointContext, endpoint: WebhookEndpoint): Promise<void> => {
  const { id, account_id: accountId, url, disabled, failing } = endpoint
  if (disabled === undefined || disabled.reason === 'account') return
  await announceEvent(on, {
    accountId,
    eventId: eventIdAt(disabled.at, `${id} disabled`),
    type: 'webhook_endpoint.disabled',
    timestamp: disabled.at,
    data: {
      id,
      url,
      reason: disabled.reason,
      failing_since: failing === undefined ? null : new Date(failing.since).toISOString(),
      failed_attempts: failing?.attempts ?? 0,
      links: { self: `${on.publicUrl}/v1/webhook-endpoints/${id}` },
    },
  })
}
