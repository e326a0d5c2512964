/** An edge with accounts, receivers and a worker that is run by hand: what tests of webhook endpoints ask. */
import assert from 'node:assert/strict'
import { deliverWebhook } from '../../functions/webhooks/deliver.ts'
import { announceEvent } from '../../shared/stores/announce-event.ts'
import { listDeliveries } from '../../shared/stores/delivery-log.ts'
import { startEdge, type TestAccount } from './edge.ts'
import { startReceiver, type WebhookReceiver } from './receiver.ts'

export interface CreatedEndpoint {
  readonly id: string
  readonly secret: string
  readonly public_keys: readonly { readonly key: string; readonly expires_at: string | null }[]
  readonly enabled: boolean
  readonly disabled: { readonly reason: string } | null
}

export const startWebhookBench = async () => {
  const clock = { now: Date.now() }
  const edge = await startEdge(() => clock.now)
  const receivers: WebhookReceiver[] = []
  const api = async (account: TestAccount, method: string, path: string, body?: unknown) => {
    const response = await edge.request(method, path, {
      key: account.apiKey,
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    return { status: response.status, text, json: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    edge,
    clock,
    api,
    receiver: async () => {
      const receiver = await startReceiver()
      receivers.push(receiver)
      return receiver
    },
    endpoint: async (account: TestAccount, body: object): Promise<CreatedEndpoint> => {
      const created = await api(account, 'POST', '/v1/webhook-endpoints', body)
      assert.equal(created.status, 201, created.text)
      return created.json
    },
    announce: (account: TestAccount, event: { eventId: string; type?: 'generation.failed'; perRequestUrl?: string }) =>
      announceEvent(edge.api, {
        accountId: account.id,
        type: 'generation.succeeded',
        timestamp: clock.now,
        data: { id: 'gen_1' },
        ...event,
      }),
    /** Every delivery of the account, as stored. */
    log: async (account: TestAccount) =>
      (await listDeliveries(edge.api.table, { accountId: account.id, filter: {}, limit: 100 })).deliveries,
    /** One turn of the worker for every delivery of the account: what is due is sent. */
    deliverAll: async (account: TestAccount) => {
      const page = await listDeliveries(edge.api.table, { accountId: account.id, filter: {}, limit: 100 })
      const context = { ...edge.api, timeoutMs: 2000, now: () => clock.now, random: () => 0.5 }
      for (const { id } of page.deliveries) await deliverWebhook(context, { account_id: account.id, delivery_id: id })
    },
    close: async () => {
      for (const receiver of receivers) receiver.close()
      await edge.close()
    },
  }
}

export type WebhookBench = Awaited<ReturnType<typeof startWebhookBench>>
