/** Webhook deliveries against real receivers on loopback: signed, retried, given up, and never sent after success. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type DeliveryContext, deliverWebhook } from '../../functions/webhooks/deliver.ts'
import { ATTEMPT_DELAYS_MS } from '../../shared/domain/retry-schedule.ts'
import { getDelivery, putDelivery } from '../../shared/stores/deliveries.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'

interface Receiver {
  readonly url: string
  readonly requests: { headers: Record<string, string>; body: string }[]
  /** Status of the next answers; the last one stays. */
  statuses: number[]
}

describe('a delivery', () => {
  let edge: Edge
  let account: TestAccount
  let server: Server
  let now = Date.now()
  const receiver: Receiver = { url: '', requests: [], statuses: [204] }
  let number = 0

  before(async () => {
    edge = await startEdge(() => now)
    account = await edge.openAccount()
    server = createServer(async (request, response) => {
      receiver.requests.push({ headers: request.headers as Record<string, string>, body: await textOf(request) })
      const status = receiver.statuses.length > 1 ? receiver.statuses.shift() : receiver.statuses[0]
      response.writeHead(status ?? 204).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    Object.assign(receiver, { url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/` })
  })
  after(async () => {
    server.close()
    await edge.close()
  })

  const context = (): DeliveryContext => ({ ...edge.api, timeoutMs: 2000, now: () => now, random: () => 0.5 })
  const owe = async (url: string) => {
    const id = `evt_${++number}`
    const body = JSON.stringify({ type: 'generation.succeeded', data: { id: number } })
    await putDelivery(edge.api.table, {
      id,
      account_id: account.id,
      event_id: id,
      event_type: 'generation.succeeded',
      state: 'pending',
      url,
      body,
      at: now,
    })
    receiver.requests.length = 0
    return { id, body, message: { account_id: account.id, delivery_id: id } }
  }
  const look = (deliveryId: string) => getDelivery(edge.api.table, { accountId: account.id, deliveryId })

  test('is signed so that the standardwebhooks library accepts it', async () => {
    receiver.statuses = [204]
    const { id, body, message } = await owe(receiver.url)
    await deliverWebhook(context(), message)
    const [sent] = receiver.requests
    assert.ok(sent)
    assert.deepEqual(new Webhook(account.webhookSecret).verify(sent.body, sent.headers), JSON.parse(body))
    assert.equal(sent.headers['webhook-id'], id)
    assert.equal((await look(id))?.state, 'delivered')
  })

  test('is sent once, however often its message comes', async () => {
    receiver.statuses = [204]
    const { message } = await owe(receiver.url)
    await Promise.all(Array.from({ length: 5 }, () => deliverWebhook(context(), message)))
    await deliverWebhook(context(), message)
    assert.equal(receiver.requests.length, 1)
  })

  test('is tried again by the schedule with the same id and body, until a 2xx', async () => {
    receiver.statuses = [500, 302, 204]
    const { id, message } = await owe(receiver.url)
    await deliverWebhook(context(), message)
    await deliverWebhook(context(), message)
    assert.equal(receiver.requests.length, 1)
    for (const delay of ATTEMPT_DELAYS_MS.slice(1, 3)) {
      now += delay + 1
      await deliverWebhook(context(), message)
    }
    assert.equal(receiver.requests.length, 3)
    assert.equal(new Set(receiver.requests.map((sent) => sent.headers['webhook-id'] + sent.body)).size, 1)
    const delivery = await look(id)
    assert.equal(delivery?.state, 'delivered')
    assert.deepEqual(
      delivery?.attempts.map(({ outcome }) => outcome),
      ['status 500', 'status 302', 'status 204'],
    )
  })

  test('is given up, visibly, after the last attempt of the schedule', async () => {
    receiver.statuses = [503]
    const { id, message } = await owe(receiver.url)
    for (const delay of ATTEMPT_DELAYS_MS) {
      now += delay + 1
      await deliverWebhook(context(), message)
    }
    assert.equal((await look(id))?.state, 'undelivered')
    now += 100 * 3_600_000
    await deliverWebhook(context(), message)
    assert.equal(receiver.requests.length, ATTEMPT_DELAYS_MS.length)
  })

  test('stops at 410', async () => {
    receiver.statuses = [410]
    const { id, message } = await owe(receiver.url)
    await deliverWebhook(context(), message)
    assert.equal((await look(id))?.state, 'disabled')
  })

  test('whose worker died in the middle is found by reconcile and sent', async () => {
    receiver.statuses = [204]
    const { message } = await owe(receiver.url)
    await assert.rejects(deliverWebhook({ ...context(), random: () => Number.NaN }, message))
    await deliverWebhook(context(), message)
    assert.equal(receiver.requests.length, 1, 'the dead claim still stands')
    now += 60_000
    assert.ok((await reconcile({ ...edge.api, now: () => now })).deliveries >= 1)
    await deliverWebhook(context(), message)
    assert.equal(receiver.requests.length, 2)
  })
})

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
