/** The delivery log: what each attempt met, replays, test events, and endpoints that are turned off for failing. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pageSchema } from '../../functions/api/http/page.ts'
import { endpointDisabledEventSchema, endpointTestEventSchema } from '../../shared/contract/endpoint-event.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { deliverySchema, deliveryWithBodySchema } from '../../shared/contract/webhook.ts'
import { DISABLE_AFTER_ATTEMPTS, DISABLE_AFTER_MS } from '../../shared/domain/endpoint-health.ts'
import { ATTEMPT_DELAYS_MS } from '../../shared/domain/retry-schedule.ts'
import { claimDelivery } from '../../shared/stores/deliveries.ts'
import { disableEndpoint, noteFailure } from '../../shared/stores/endpoint-health.ts'
import { startWebhookBench, type WebhookBench } from './webhook-bench.ts'

const DAY = 24 * 3_600_000

describe('the delivery log', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  const withEndpoint = async (body: object = {}) => {
    const account = await bench.edge.openAccount()
    const receiver = await bench.receiver()
    const endpoint = await bench.endpoint(account, { url: receiver.url, ...body })
    return { account, receiver, endpoint, path: `/v1/webhook-endpoints/${endpoint.id}` }
  }

  test('keeps the status, the duration and the beginning of the answer of each attempt', async () => {
    const { account, receiver, endpoint } = await withEndpoint()
    receiver.answer = 503
    await bench.announce(account, { eventId: 'evt_L1' })
    await bench.deliverAll(account)
    const { json } = await bench.api(account, 'GET', `/v1/webhook-deliveries/evt_L1-${endpoint.id}`)
    const delivery = deliveryWithBodySchema.parse(json)
    assert.deepEqual([delivery.state, delivery.event_id, delivery.endpoint_id], ['pending', 'evt_L1', endpoint.id])
    const [attempt] = delivery.attempts
    assert.deepEqual([attempt?.status, attempt?.series, attempt?.response_excerpt], [503, 1, 'answered 503'])
    assert.equal(Date.parse(delivery.next_attempt_at ?? ''), bench.clock.now + (ATTEMPT_DELAYS_MS[1] ?? 0))
    assert.equal(delivery.body, receiver.received[0]?.body)
  })

  test('is read page by page, newest event first, each delivery once, and by filter', async () => {
    const { account, receiver, endpoint } = await withEndpoint()
    const second = await bench.endpoint(account, { url: receiver.url })
    for (const n of [1, 2, 3]) await bench.announce(account, { eventId: `evt_P${n}` })
    await bench.announce(account, { eventId: 'evt_P4', type: 'generation.failed' })
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = `limit=3${cursor && `&cursor=${cursor}`}`
      const page = pageSchema(deliverySchema).parse(
        (await bench.api(account, 'GET', `/v1/webhook-deliveries?${query}`)).json,
      )
      assert.ok(page.data.length <= 3)
      seen.push(...page.data.map(({ id }) => id))
      cursor = page.next_cursor
    }
    assert.equal(new Set(seen).size, 8)
    assert.deepEqual(seen, seen.toSorted().toReversed())
    const count = async (query: string) =>
      (await bench.api(account, 'GET', `/v1/webhook-deliveries?${query}`)).json.data.length
    assert.equal(await count(`endpoint_id=${second.id}`), 4)
    assert.equal(await count('event_id=evt_P1'), 2)
    assert.equal(await count(`event_type=generation.failed&endpoint_id=${endpoint.id}`), 1)
    assert.equal(await count('state=delivered'), 0)
  })

  test('a replay is a new series of attempts with the same webhook-id and body', async () => {
    const { account, receiver, endpoint } = await withEndpoint()
    await bench.announce(account, { eventId: 'evt_AGAIN' })
    await bench.deliverAll(account)
    receiver.answer = 500
    const replay = await bench.api(account, 'POST', `/v1/webhook-deliveries/evt_AGAIN-${endpoint.id}/replay`)
    assert.equal(replay.status, 202)
    assert.equal(deliverySchema.parse(replay.json).state, 'pending')
    for (const delay of ATTEMPT_DELAYS_MS.slice(0, 3)) {
      bench.clock.now += delay + 1
      await bench.deliverAll(account)
    }
    const [delivery] = await bench.log(account)
    assert.deepEqual(
      delivery?.attempts.map(({ series, status }) => [series, status]),
      [
        [1, 204],
        [2, 500],
        [2, 500],
        [2, 500],
      ],
    )
    assert.equal(delivery?.state, 'pending')
    assert.equal(new Set(receiver.received.map(({ headers, body }) => headers['webhook-id'] + body)).size, 1)
  })

  test('a replay of what was given up has the whole schedule before it again', async () => {
    const { account, receiver } = await withEndpoint()
    receiver.answer = 500
    await bench.announce(account, { eventId: 'evt_UP' })
    const runSchedule = async () => {
      for (const delay of ATTEMPT_DELAYS_MS) {
        bench.clock.now += delay + 1
        await bench.deliverAll(account)
      }
    }
    await runSchedule()
    const [given] = await bench.log(account)
    assert.equal(given?.state, 'undelivered')
    await bench.api(account, 'POST', `/v1/webhook-deliveries/${given?.id}/replay`)
    receiver.answer = 200
    await runSchedule()
    assert.equal((await bench.log(account))[0]?.state, 'delivered')
    assert.equal(receiver.received.length, ATTEMPT_DELAYS_MS.length + 1)
  })

  test('a replay during an attempt is refused and may be tried again', async () => {
    const { account } = await withEndpoint()
    await bench.announce(account, { eventId: 'evt_BUSY' })
    const [owed] = await bench.log(account)
    const deliveryId = owed?.id ?? ''
    await claimDelivery(bench.edge.api.table, {
      accountId: account.id,
      deliveryId,
      now: bench.clock.now,
      claimMs: 5000,
    })
    const { json } = await bench.api(account, 'POST', `/v1/webhook-deliveries/${deliveryId}/replay`)
    const problem = problemSchema.parse(json)
    assert.deepEqual([problem.code, problem.retryable], ['delivery_in_progress', true])
  })

  test('a test event goes to its endpoint alone, whatever the filter, in one attempt', async () => {
    const { account, receiver, endpoint, path } = await withEndpoint({ events: ['account.balance_low'] })
    const other = await bench.receiver()
    await bench.endpoint(account, { url: other.url })
    receiver.answer = 500
    const begun = await bench.api(account, 'POST', `${path}/test`)
    assert.equal(begun.status, 202)
    for (let turn = 0; turn < 3; turn++) {
      await bench.deliverAll(account)
      bench.clock.now += DAY
    }
    assert.deepEqual([receiver.received.length, other.received.length], [1, 0])
    endpointTestEventSchema.parse(JSON.parse(receiver.received[0]?.body ?? '{}'))
    const shown = deliverySchema
      .strip()
      .parse((await bench.api(account, 'GET', `/v1/webhook-deliveries/${begun.json.id}`)).json)
    assert.deepEqual([shown.state, shown.endpoint_id], ['undelivered', endpoint.id])
  })
})

describe('an endpoint that fails', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  const withTwo = async () => {
    const account = await bench.edge.openAccount()
    const [bad, watcher] = [await bench.receiver(), await bench.receiver()]
    bad.answer = 500
    const endpoint = await bench.endpoint(account, { url: bad.url, events: ['generation.succeeded'] })
    await bench.endpoint(account, { url: watcher.url, events: ['webhook_endpoint.disabled'] })
    const look = async () => (await bench.api(account, 'GET', `/v1/webhook-endpoints/${endpoint.id}`)).json
    return { account, bad, watcher, endpoint, look }
  }

  test(`for ${DISABLE_AFTER_MS / DAY} days is turned off, and the other endpoints are told once`, async () => {
    const { account, bad, watcher, endpoint, look } = await withTwo()
    await bench.announce(account, { eventId: 'evt_F1' })
    for (const delay of ATTEMPT_DELAYS_MS) {
      bench.clock.now += delay + 1
      await bench.deliverAll(account)
    }
    assert.equal((await look()).enabled, true, 'three days are not enough')
    assert.equal((await look()).failing.attempts, DISABLE_AFTER_ATTEMPTS)
    bench.clock.now += 2 * DAY
    for (const eventId of ['evt_F2', 'evt_F3']) await bench.announce(account, { eventId })
    await bench.deliverAll(account)
    assert.deepEqual([(await look()).enabled, (await look()).disabled.reason], [false, 'failing'])
    assert.equal(bad.received.length, ATTEMPT_DELAYS_MS.length + 1, 'nothing is sent once it is off')
    await bench.deliverAll(account)
    await bench.deliverAll(account)
    const notices = watcher.received.map(({ body }) => endpointDisabledEventSchema.parse(JSON.parse(body)))
    assert.equal(notices.length, 1)
    assert.equal(notices[0]?.data.id, endpoint.id)
    const states = (await bench.log(account)).filter(({ endpoint_id }) => endpoint_id === endpoint.id)
    assert.deepEqual(
      states.map(({ state }) => state),
      ['disabled', 'disabled', 'undelivered'],
    )
  })

  test('is in good health again after one success', async () => {
    const { account, bad, look } = await withTwo()
    await bench.announce(account, { eventId: 'evt_S1' })
    await bench.deliverAll(account)
    assert.equal((await look()).failing.attempts, 1)
    bad.answer = 200
    bench.clock.now += DAY
    await bench.deliverAll(account)
    assert.equal((await look()).failing, null)
  })

  test('with 410 is turned off at once', async () => {
    const { account, bad, watcher, look } = await withTwo()
    bad.answer = 410
    await bench.announce(account, { eventId: 'evt_G1' })
    await bench.deliverAll(account)
    await bench.deliverAll(account)
    assert.equal((await look()).disabled.reason, 'gone')
    assert.equal(JSON.parse(watcher.received[0]?.body ?? '{}').data.reason, 'gone')
  })

  test('tells the account also when the worker died right after turning it off', async () => {
    const { account, bad, watcher, endpoint } = await withTwo()
    const named = { accountId: account.id, endpointId: endpoint.id }
    await bench.announce(account, { eventId: 'evt_D1' })
    await disableEndpoint(bench.edge.api.table, { ...named, reason: 'failing', at: bench.clock.now })
    await bench.deliverAll(account)
    await bench.deliverAll(account)
    assert.deepEqual([bad.received.length, watcher.received.length], [0, 1])
  })

  test('counts an attempt once, though it is noted twice', async () => {
    const { account, endpoint, look } = await withTwo()
    const named = { accountId: account.id, endpointId: endpoint.id, at: bench.clock.now }
    for (const attemptName of ['a', 'a', 'b', 'b']) await noteFailure(bench.edge.api.table, { ...named, attemptName })
    assert.equal((await look()).failing.attempts, 2)
  })
})
