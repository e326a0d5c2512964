/**
 * One webhook delivery: claim, sign, post, record, and put the next attempt where it will be found. Called with ids only,
 * any number of times; the claim decides whether there is anything to do.
 */
import type { DeliveryMessage } from '../../shared/contract/queue.ts'
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import { nextAttempt } from '../../shared/domain/retry-schedule.ts'
import { signWebhook } from '../../shared/domain/webhook-signature.ts'
import { type PostResult, postGuarded } from '../../shared/outbound/post-guarded.ts'
import { attemptsInSeries, claimDelivery, type Delivery, recordAttempt } from '../../shared/stores/deliveries.ts'
import { MAX_DELAY_SECONDS, sendDeliveryMessage } from '../../shared/stores/queues.ts'
import { announceDisabled, type EndpointContext, judgeEndpoint } from './judge-endpoint.ts'
import { findReceiver, type Receiver } from './receiver.ts'

export interface DeliveryContext extends EndpointContext {
  readonly webhooks: AddressPolicy
  /** Longest a receiver may take, whole exchange. */
  readonly timeoutMs: number
  readonly now: () => number
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number
}

/** A claim must outlive the slowest exchange, or a second worker would send the same attempt. */
const CLAIM_MARGIN_MS = 15_000
/** Of an answer's body, what the log keeps. */
const EXCERPT_CHARACTERS = 500

export const deliverWebhook = async (on: DeliveryContext, message: DeliveryMessage): Promise<void> => {
  const { account_id: accountId, delivery_id: deliveryId } = message
  const claimMs = on.timeoutMs + CLAIM_MARGIN_MS
  const delivery = await claimDelivery(on.table, { accountId, deliveryId, now: on.now(), claimMs })
  if (delivery === undefined) return
  const receiver = await findReceiver(on.table, delivery, on.now())
  if (receiver.kind === 'open') return attempt(on, delivery, receiver)
  if (receiver.endpoint !== undefined) await announceDisabled(on, receiver.endpoint)
  await recordAttempt(on.table, {
    delivery,
    attempt: undefined,
    url: delivery.url,
    state: 'disabled',
    dueAtMs: undefined,
  })
}

const attempt = async (
  on: DeliveryContext,
  delivery: Delivery,
  { url, secrets, endpoint }: Extract<Receiver, { kind: 'open' }>,
): Promise<void> => {
  const startedAt = on.now()
  const outcome = await post(on, { delivery, url, secrets })
  const now = on.now()
  const next = nextAttempt({
    attempt: attemptsInSeries(delivery) + 1,
    outcome,
    now,
    jitter: on.random(),
    ...(delivery.max_attempts !== undefined && { maxAttempts: delivery.max_attempts }),
  })
  const off = endpoint !== undefined && (await judgeEndpoint(on, { endpoint, delivery, next, now }))
  const state = off ? 'disabled' : next.state
  const dueAtMs = next.state === 'pending' && !off ? next.dueAt : undefined
  await recordAttempt(on.table, {
    delivery,
    attempt: {
      at: now,
      series: delivery.series,
      duration_ms: Math.max(0, Math.round(now - startedAt)),
      ...describe(outcome),
    },
    url,
    state,
    dueAtMs,
  })
  if (dueAtMs === undefined) return
  // Later than a queue can delay: the due index holds it, and reconcile sends the message when it is time.
  const delaySeconds = (dueAtMs - now) / 1000
  if (delaySeconds > MAX_DELAY_SECONDS) return
  await sendDeliveryMessage(on.queues, { account_id: delivery.account_id, delivery_id: delivery.id }, delaySeconds)
}

const post = (
  on: DeliveryContext,
  { delivery, url, secrets }: { delivery: Delivery; url: string; secrets: readonly string[] },
): Promise<PostResult> => {
  const headers = signWebhook({
    id: delivery.event_id,
    timestampSeconds: Math.floor(on.now() / 1000),
    body: delivery.body,
    secrets,
  })
  return postGuarded({
    url,
    headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'Rollover-Webhooks/1' },
    body: delivery.body,
    timeoutMs: on.timeoutMs,
    policy: on.webhooks,
  })
}

const describe = (outcome: PostResult) =>
  outcome.kind === 'response'
    ? {
        outcome: `status ${outcome.status}`,
        status: outcome.status,
        response_excerpt: outcome.bodyExcerpt.slice(0, EXCERPT_CHARACTERS),
      }
    : { outcome: `${outcome.code}: ${outcome.detail}` }
