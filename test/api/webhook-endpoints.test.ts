/** Webhook endpoints: who gets which event, how it is signed, and that a secret is shown once. */
import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { problemSchema } from '../../shared/contract/problem.ts'
import { endpointSchema, MAX_ENDPOINTS } from '../../shared/contract/webhook.ts'
import { announceEvent } from '../../shared/stores/announce-event.ts'
import { getEndpoint } from '../../shared/stores/webhook-endpoints.ts'
import type { ReceivedWebhook } from './receiver.ts'
import { startWebhookBench, type WebhookBench } from './webhook-bench.ts'

const HOUR = 3_600_000

describe('webhook endpoints', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  test('each get the events their filter names, the request URL gets its own, under one webhook-id', async () => {
    const account = await bench.edge.openAccount()
    const [all, failures, own] = [await bench.receiver(), await bench.receiver(), await bench.receiver()]
    await bench.endpoint(account, { url: all.url })
    await bench.endpoint(account, { url: failures.url, events: ['generation.failed', 'account.balance_low'] })
    await bench.announce(account, { eventId: 'evt_A', perRequestUrl: own.url })
    await bench.announce(account, { eventId: 'evt_B', type: 'generation.failed' })
    await bench.deliverAll(account)
    const got = (receiver: typeof all) => receiver.received.map(({ headers }) => headers['webhook-id']).toSorted()
    assert.deepEqual([got(all), got(failures), got(own)], [['evt_A', 'evt_B'], ['evt_B'], ['evt_A']])
    const [sent] = own.received
    assert.ok(sent)
    new Webhook(account.webhookSecret).verify(sent.body, sent.headers)
  })

  test('get one delivery an event, however often and at once it is announced', async () => {
    const account = await bench.edge.openAccount()
    const receivers = [await bench.receiver(), await bench.receiver()]
    for (const { url } of receivers) await bench.endpoint(account, { url })
    await Promise.all(Array.from({ length: 8 }, () => bench.announce(account, { eventId: 'evt_ONCE' })))
    assert.equal((await bench.log(account)).length, 2)
    await bench.deliverAll(account)
    await bench.announce(account, { eventId: 'evt_ONCE' })
    await bench.deliverAll(account)
    assert.deepEqual(
      receivers.map(({ received }) => received.length),
      [1, 1],
    )
  })

  test('made after an event are no receivers of it, also when it is announced again', async () => {
    const account = await bench.edge.openAccount()
    const late = await bench.receiver()
    const timestamp = bench.clock.now
    bench.clock.now += 1000
    await bench.endpoint(account, { url: late.url })
    const event = { accountId: account.id, eventId: 'evt_EARLIER', type: 'generation.succeeded', data: {} } as const
    await announceEvent(bench.edge.api, { ...event, timestamp })
    assert.equal((await bench.log(account)).length, 0)
  })

  test('are signed by the old and the new keys while a rotation overlaps, by the new alone afterwards', async () => {
    const account = await bench.edge.openAccount()
    const receiver = await bench.receiver()
    const old = await bench.endpoint(account, { url: receiver.url })
    const path = `/v1/webhook-endpoints/${old.id}/rotate`
    const rotated = await bench.api(account, 'POST', path, { overlap_seconds: 3600 })
    assert.equal(rotated.status, 200)
    const renewed = rotated.json as typeof old
    const sendOne = async (eventId: string): Promise<ReceivedWebhook> => {
      await bench.announce(account, { eventId })
      await bench.deliverAll(account)
      const sent = receiver.received.at(-1)
      assert.equal(sent?.headers['webhook-id'], eventId)
      return sent as ReceivedWebhook
    }
    const during = await sendOne('evt_R1')
    for (const { secret } of [old, renewed]) new Webhook(secret).verify(during.body, during.headers)
    for (const { public_keys } of [old, renewed]) assert.ok(verifies(public_keys[0]?.key, during))
    bench.clock.now += HOUR
    const afterwards = await sendOne('evt_R2')
    assert.ok(verifies(renewed.public_keys[0]?.key, afterwards))
    assert.ok(!verifies(old.public_keys[0]?.key, afterwards))
    const [signature] = afterwards.headers['webhook-signature']?.split(' ') ?? []
    assert.equal(signature, signed(renewed.secret, afterwards))
    assert.notEqual(signature, signed(old.secret, afterwards))
  })

  test('are signed by the new keys at once where the overlap is 0', async () => {
    const account = await bench.edge.openAccount()
    const old = await bench.endpoint(account, { url: 'http://127.0.0.1:9/' })
    const rotate = (overlap_seconds: number) =>
      bench.api(account, 'POST', `/v1/webhook-endpoints/${old.id}/rotate`, { overlap_seconds })
    await rotate(86_400)
    assert.equal((await rotate(0)).json.public_keys.length, 1)
    const stored = await getEndpoint(bench.edge.api.table, { accountId: account.id, endpointId: old.id })
    assert.equal(stored?.keys.length, 1)
  })

  test('rotated without a body overlap for a day', async () => {
    const account = await bench.edge.openAccount()
    const { id } = await bench.endpoint(account, { url: 'http://127.0.0.1:9/' })
    const { json } = await bench.api(account, 'POST', `/v1/webhook-endpoints/${id}/rotate`)
    assert.equal(Date.parse(json.public_keys[1].expires_at), bench.clock.now + 24 * HOUR)
  })

  test('show their secret when made or rotated and never again, their signing key never', async () => {
    const account = await bench.edge.openAccount()
    const created = await bench.endpoint(account, { url: 'http://127.0.0.1:9/' })
    const path = `/v1/webhook-endpoints/${created.id}`
    const rotated = await bench.api(account, 'POST', `${path}/rotate`)
    assert.match(created.secret, /^whsec_/)
    assert.ok(!rotated.text.includes(created.secret))
    const shown = [
      await bench.api(account, 'GET', path),
      await bench.api(account, 'GET', '/v1/webhook-endpoints'),
      await bench.api(account, 'PATCH', path, { description: 'x' }),
      await bench.api(account, 'POST', `${path}/test`),
      await bench.api(account, 'GET', '/v1/webhook-deliveries'),
    ]
    for (const { text, status } of shown) {
      assert.ok(status < 300)
      for (const hidden of ['whsec_', 'whsk_']) assert.ok(!text.includes(hidden), text)
    }
    assert.ok(!rotated.text.includes('whsk_') && !JSON.stringify(created).includes('whsk_'))
  })

  test('are made once under one Idempotency-Key, and the answer is the same, secret included', async () => {
    const account = await bench.edge.openAccount()
    const make = () =>
      bench.edge.request('POST', '/v1/webhook-endpoints', {
        key: account.apiKey,
        body: { url: 'http://127.0.0.1:9/' },
        headers: { 'idempotency-key': 'make-it-once' },
      })
    const answers = [await (await make()).text(), await (await make()).text()]
    assert.equal(answers[0], answers[1])
    assert.equal((await bench.api(account, 'GET', '/v1/webhook-endpoints')).json.data.length, 1)
  })

  test('of another account are not found, by any route, and stay as they are', async () => {
    const [owner, stranger] = [await bench.edge.openAccount(), await bench.edge.openAccount()]
    const { id } = await bench.endpoint(owner, { url: 'http://127.0.0.1:9/' })
    await bench.announce(owner, { eventId: 'evt_MINE' })
    const before_ = await getEndpoint(bench.edge.api.table, { accountId: owner.id, endpointId: id })
    const endpoint = `/v1/webhook-endpoints/${id}`
    const delivery = `/v1/webhook-deliveries/evt_MINE-${id}`
    assert.equal((await bench.api(owner, 'GET', delivery)).status, 200)
    const attempts: [string, string, unknown?][] = [
      ['GET', endpoint],
      ['PATCH', endpoint, { enabled: false }],
      ['DELETE', endpoint],
      ['POST', `${endpoint}/rotate`, {}],
      ['POST', `${endpoint}/test`],
      ['POST', `${endpoint}/recover`, { since: '2020-01-01T00:00:00Z' }],
      ['GET', delivery],
      ['POST', `${delivery}/replay`],
    ]
    for (const [method, path, body] of attempts) {
      const answer = await bench.api(stranger, method, path, body)
      assert.equal(problemSchema.parse(answer.json).code, 'not_found', `${method} ${path}`)
    }
    assert.deepEqual((await bench.api(stranger, 'GET', '/v1/webhook-endpoints')).json.data, [])
    const cursor = Buffer.from(`evt_MINE-${id}~`).toString('base64url')
    assert.equal((await bench.api(stranger, 'GET', `/v1/webhook-deliveries?cursor=${cursor}`)).status, 422)
    const same = Buffer.from('evt_Z').toString('base64url')
    assert.deepEqual((await bench.api(stranger, 'GET', `/v1/webhook-deliveries?cursor=${same}`)).json.data, [])
    assert.deepEqual(await getEndpoint(bench.edge.api.table, { accountId: owner.id, endpointId: id }), before_)
  })

  test('and every body they are sent are described in the OpenAPI document', async () => {
    const document = (await (await bench.edge.request('GET', '/openapi.json')).json()) as {
      paths: Record<string, object>
      webhooks: Record<string, { post: object }>
    }
    const paths = Object.keys(document.paths).filter((path) => path.includes('/webhook-'))
    assert.equal(paths.length, 9)
    assert.deepEqual(Object.keys(document.webhooks), [
      'generation.ended',
      'batch.ended',
      'account.balance_low',
      'webhook_endpoint.disabled',
      'webhook_endpoint.test',
    ])
  })

  test('are changed, turned off and on, and deleted; what is off is logged and not sent', async () => {
    const account = await bench.edge.openAccount()
    const receiver = await bench.receiver()
    const { id } = await bench.endpoint(account, { url: 'http://127.0.0.1:9/', description: 'old' })
    const path = `/v1/webhook-endpoints/${id}`
    const off = await bench.api(account, 'PATCH', path, { url: receiver.url, description: 'new', enabled: false })
    assert.equal(endpointSchema.parse(off.json).disabled?.reason, 'account')
    await bench.announce(account, { eventId: 'evt_WHILE_OFF' })
    await bench.deliverAll(account)
    assert.equal(receiver.received.length, 0)
    assert.equal((await bench.log(account))[0]?.state, 'disabled')
    const replay = `/v1/webhook-deliveries/evt_WHILE_OFF-${id}/replay`
    assert.equal((await bench.api(account, 'POST', replay)).json.code, 'endpoint_disabled')
    assert.equal((await bench.api(account, 'PATCH', path, { enabled: true })).json.enabled, true)
    const since = new Date(bench.clock.now - HOUR).toISOString()
    assert.deepEqual((await bench.api(account, 'POST', `${path}/recover`, { since })).json, {
      object: 'webhook_recovery',
      replayed: 1,
      has_more: false,
    })
    await bench.deliverAll(account)
    assert.equal(receiver.received.length, 1)
    assert.equal((await bench.api(account, 'DELETE', path)).status, 204)
    assert.equal((await bench.api(account, 'GET', path)).status, 404)
    assert.equal((await bench.api(account, 'DELETE', path)).status, 404)
  })

  const INVALID: readonly [string, object, string][] = [
    ['a private address', { url: 'https://10.0.0.1/' }, '/url'],
    ['the metadata address', { url: 'http://169.254.169.254/latest' }, '/url'],
    ['an unknown event', { url: 'https://example.com/', events: ['generation.done'] }, '/events/0'],
    ['no events', { url: 'https://example.com/', events: [] }, '/events'],
    ['an event named twice', { url: 'https://example.com/', events: ['*', '*'] }, '/events'],
    ['an unknown field', { url: 'https://example.com/', secret: 'whsec_mine' }, '/secret'],
  ]
  for (const [what, body, pointer] of INVALID)
    test(`with ${what} are refused and not made`, async () => {
      const account = await bench.edge.openAccount()
      const { status, json } = await bench.api(account, 'POST', '/v1/webhook-endpoints', body)
      assert.deepEqual([status, problemSchema.parse(json).errors?.[0]?.pointer], [422, pointer])
      assert.deepEqual((await bench.api(account, 'GET', '/v1/webhook-endpoints')).json.data, [])
    })

  test(`are ${MAX_ENDPOINTS} at most`, async () => {
    const account = await bench.edge.openAccount()
    const make = () => bench.api(account, 'POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/' })
    for (let made = 0; made < MAX_ENDPOINTS; made++) assert.equal((await make()).status, 201)
    assert.equal(problemSchema.parse((await make()).json).code, 'too_many_endpoints')
  })
})

/** As a receiver does it who has only the public key and Node. */
const verifies = (publicKey: string | undefined, { headers, body }: ReceivedWebhook): boolean => {
  const x = Buffer.from((publicKey ?? '').replace(/^whpk_/, ''), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
  return (headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((part) => part.startsWith('v1a,'))
    .some((part) => verify(null, content, key, Buffer.from(part.slice('v1a,'.length), 'base64')))
}

/** What the library signs; its verify would refuse a timestamp that the test's clock moved. */
const signed = (secret: string, { headers, body }: ReceivedWebhook): string => {
  const timestamp = new Date(Number(headers['webhook-timestamp']) * 1000)
  return new Webhook(secret).sign(headers['webhook-id'] ?? '', timestamp, body)
}
