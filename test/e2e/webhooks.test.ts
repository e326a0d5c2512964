/** Webhooks and limits of the running stack: its own edge, runner and webhook worker, receivers on loopback. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Rollover, verifyWebhook } from 'rollover'
import { Webhook } from 'standardwebhooks'
import { type Child, startChild } from '../../cdk/local/child-process.ts'
import { freePort } from '../../cdk/local/free-port.ts'
import { type ReceivedWebhook, startReceiver, type WebhookReceiver } from '../api/receiver.ts'
import { LONG, type RunningStack, runStack } from './stack.ts'

const REQUEST = { prompt: 'two bears', nfe_budget: 10 }
const LIMIT = 5

describe('the running stack', () => {
  let running: RunningStack
  const receivers: WebhookReceiver[] = []
  before(async () => {
    running = await runStack(LONG)
  })
  after(async () => {
    for (const receiver of receivers) receiver.close()
    await running.close()
  })

  const openClient = async (): Promise<Rollover> => {
    const { apiKey } = await running.open()
    return new Rollover({ apiKey, baseUrl: running.stack.url })
  }
  const receiver = async (): Promise<WebhookReceiver> => {
    const made = await startReceiver()
    receivers.push(made)
    return made
  }
  /** The first event of a type that comes in. */
  const next = async ({ received }: WebhookReceiver, type: string): Promise<ReceivedWebhook> => {
    for (;;) {
      const found = received.find(({ body }) => JSON.parse(body).type === type)
      if (found !== undefined) return found
      await sleep(50)
    }
  }

  test('signs by old and new secret while a rotation overlaps, and by the new alone after one without', async () => {
    const client = await openClient()
    const [during, afterwards] = [await receiver(), await receiver()]
    const first = await client.webhookEndpoints.create({ url: during.url })
    const second = await client.webhookEndpoints.rotate(first.id, { overlap_seconds: 3600 })
    await client.wait((await client.create(REQUEST)).id)
    const overlapping = await next(during, 'generation.succeeded')
    for (const { secret } of [first, second]) {
      verifyWebhook({ ...overlapping, secret })
      new Webhook(secret).verify(overlapping.body, overlapping.headers)
    }
    const schemes = overlapping.headers['webhook-signature']?.split(' ').map((each) => each.split(',')[0])
    assert.deepEqual(schemes, ['v1', 'v1', 'v1a', 'v1a'])

    await client.webhookEndpoints.change(first.id, { url: afterwards.url })
    const third = await client.webhookEndpoints.rotate(first.id, { overlap_seconds: 0 })
    await client.wait((await client.create(REQUEST)).id)
    const alone = await next(afterwards, 'generation.succeeded')
    verifyWebhook({ ...alone, secret: third.secret })
    for (const { secret } of [first, second]) assert.throws(() => new Webhook(secret).verify(alone.body, alone.headers))
  })

  test('turns off an endpoint that answers 410, tells the other ones, and sends again what it missed when asked', async () => {
    const client = await openClient()
    const [gone, other] = [await receiver(), await receiver()]
    gone.answer = 410
    const left = await client.webhookEndpoints.create({ url: gone.url })
    const kept = await client.webhookEndpoints.create({ url: other.url })
    await client.wait((await client.create(REQUEST)).id)
    const notice = await next(other, 'webhook_endpoint.disabled')
    verifyWebhook({ ...notice, secret: kept.secret })
    const { data } = JSON.parse(notice.body)
    assert.deepEqual([data.id, data.reason], [left.id, 'gone'])
    const seen = await client.webhookEndpoints.get(left.id)
    assert.deepEqual([seen.enabled, seen.disabled?.reason], [false, 'gone'])

    gone.answer = 204
    await client.webhookEndpoints.change(left.id, { enabled: true })
    const tried = gone.received.length
    const { data: log } = await client.webhookDeliveries.list({ endpoint_id: left.id })
    await client.webhookDeliveries.replay(log.find((each) => each.event_type === 'generation.succeeded')?.id ?? '')
    while (gone.received.length === tried) await sleep(50)
    const [missed, again] = [gone.received[0], gone.received.at(-1)]
    assert.equal(again?.headers['webhook-id'], missed?.headers['webhook-id'])
    assert.equal(again?.body, missed?.body)
  })

  describe('with an edge of few writes a minute', () => {
    let edge: Child
    let url: string
    before(async () => {
      const port = await freePort(0)
      url = `http://127.0.0.1:${port}`
      const environment = { ...running.stack.environment, PORT: String(port), WRITES_PER_MINUTE: String(LIMIT) }
      edge = await startChild({ name: 'edge-of-few-writes', entry: 'cdk/local/edge.ts', environment })
    })
    after(() => edge.stop())

    test('tells what is left on every write, refuses beyond it with 429 and a time to wait, and never a read', async () => {
      const { apiKey } = await running.open()
      const authorization = `Bearer ${apiKey}`
      const create = () =>
        fetch(`${url}/v1/generations`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify(REQUEST),
        })
      let response = await create()
      // A minute may end between two of them, once.
      for (let sent = 1; response.status !== 429; sent++) {
        assert.equal(response.status, 202)
        assert.ok(sent <= 2 * LIMIT, 'nothing is refused')
        assert.equal(response.headers.get('ratelimit-policy'), `"writes";q=${LIMIT};w=60`)
        assert.match(response.headers.get('ratelimit') ?? '', /^"writes";r=[0-4];t=\d+$/)
        response = await create()
      }
      const wait = Number(response.headers.get('retry-after'))
      assert.ok(wait >= 1 && wait <= 60, `${wait}`)
      assert.equal(response.headers.get('ratelimit'), `"writes";r=0;t=${wait}`)
      assert.equal(response.headers.get('content-type'), 'application/problem+json')
      const problem = (await response.json()) as { code: string; retryable: boolean }
      assert.deepEqual([problem.code, problem.retryable], ['rate_limited', true])
      const read = await fetch(`${url}/v1/account`, { headers: { authorization } })
      assert.deepEqual([read.status, read.headers.get('ratelimit')], [200, null])
    })
  })
})
