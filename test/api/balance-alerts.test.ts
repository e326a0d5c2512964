/** Balance alerts: one event for each crossing, after a crash too, armed again by credit, received and verified. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { balanceLowEventSchema } from '../../shared/contract/event.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import type { TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'
import { startWebhookBench, type WebhookBench } from './webhook-bench.ts'
import { createRunner, endUnsettled } from './work.ts'

/** Of one search, in micro-dollars: 40 NFEs at 20. */
const PRICE = 800

describe('a balance alert', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  /** An account with credit for five searches, whose endpoint listens to alerts alone. */
  const open = async (alerts: number[]) => {
    const account = await bench.edge.openAccount(5 * PRICE)
    const receiver = await bench.receiver()
    const endpoint = await bench.endpoint(account, { url: receiver.url, events: ['account.balance_low'] })
    const changed = await bench.api(account, 'PATCH', '/v1/account', { balance_alerts_micro_usd: alerts })
    assert.deepEqual([changed.status, changed.json.balance_alerts_micro_usd], [200, alerts])
    /** What the receiver was told, by alert, once all deliveries were made. */
    const told = async () => {
      await bench.deliverAll(account)
      return receiver.received.map(({ body, headers }) => {
        new Webhook(endpoint.secret).verify(body, headers)
        return balanceLowEventSchema.parse(JSON.parse(body)).data
      })
    }
    return { account, told }
  }
  const create = async (account: TestAccount) => {
    const body = { prompt: 'seven balloons', nfe_budget: 40 }
    const created = await bench.api(account, 'POST', '/v1/generations', body)
    assert.equal(created.status, 202, created.text)
    return { accountId: account.id, generationId: String(created.json.id) }
  }
  const search = async (account: TestAccount) => {
    bench.clock.now += 1000
    const named = await create(account)
    await createRunner(bench.edge).work(named)
    return named
  }
  const credit = async (account: TestAccount, id: string, microUsd: number) => {
    const path = `/v1/admin/accounts/${account.id}/credits`
    const body = { id, micro_usd: microUsd }
    assert.equal((await bench.edge.request('POST', path, { key: bench.edge.adminKey, body })).status, 200)
  }

  test('is given once, when a settlement crosses it, and not for what is merely held', async () => {
    const { account, told } = await open([2 * PRICE + 1])
    await search(account)
    await search(account)
    assert.deepEqual(await told(), [])
    await create(account)
    assert.deepEqual(await told(), [])
    await search(account)
    const [event, ...others] = await told()
    assert.deepEqual(others, [])
    assert.deepEqual(event, {
      account_id: account.id,
      alert_micro_usd: 2 * PRICE + 1,
      unspent_micro_usd: 2 * PRICE,
      credited_micro_usd: 5 * PRICE,
      links: { self: `${bench.edge.api.publicUrl}/v1/account` },
    })
    await search(account)
    assert.equal((await told()).length, 1)
  })

  test('is given for each amount that was crossed', async () => {
    const { account, told } = await open([4 * PRICE + 1, 3 * PRICE + 1, 3 * PRICE])
    await search(account)
    await search(account)
    const alerts = (await told()).map(({ alert_micro_usd }) => alert_micro_usd)
    assert.deepEqual(alerts.toSorted(), [3 * PRICE + 1, 4 * PRICE + 1])
  })

  test('is armed again by a credit', async () => {
    const { account, told } = await open([4 * PRICE + 1])
    await search(account)
    assert.equal((await told()).length, 1)
    await credit(account, 'more', PRICE)
    // Above the alert again, then below it.
    await search(account)
    const events = await told()
    assert.deepEqual(
      events.map(({ credited_micro_usd, unspent_micro_usd }) => [credited_micro_usd, unspent_micro_usd]),
      [
        [5 * PRICE, 4 * PRICE],
        [6 * PRICE, 4 * PRICE],
      ],
    )
  })

  test('is given once when many generations end at once', async () => {
    const { account, told } = await open([5 * PRICE])
    const named = await Promise.all(Array.from({ length: 5 }, () => create(account)))
    await Promise.all(named.map((each) => createRunner(bench.edge).work(each)))
    assert.equal((await told()).length, 1)
  })

  test('is given once wherever the process that settles stops', async () => {
    // The writes that follow an end: two of the ledger, the settlement, history, the mark, the delivery and its message, ...
    let wholeWrites = 0
    for (let writes = 0; wholeWrites === 0; writes++) {
      const { account, told } = await open([5 * PRICE])
      bench.clock.now += 1000
      const generation = await endUnsettled(bench.edge, { ...(await create(account)), nfeUsed: 40 })
      const cut = stopAfter(bench.edge.api, writes)
      const stopped = await completeGeneration(cut, generation).then(
        () => false,
        () => true,
      )
      if (!stopped) wholeWrites = writes
      await completeGeneration(bench.edge.api, generation)
      await completeGeneration(bench.edge.api, generation)
      const events = await told()
      assert.deepEqual([writes, events.map(({ unspent_micro_usd }) => unspent_micro_usd)], [writes, [4 * PRICE]])
    }
    assert.ok(wholeWrites >= 7, String(wholeWrites))
  })

  test('is refused when it makes no sense', async () => {
    const account = await bench.edge.openAccount(100)
    for (const balance_alerts_micro_usd of [[0], [-1], [1.5], [1, 1], [1, 2, 3, 4, 5, 6]]) {
      const refused = await bench.api(account, 'PATCH', '/v1/account', { balance_alerts_micro_usd })
      assert.equal(refused.status, 422, JSON.stringify(balance_alerts_micro_usd))
    }
    assert.equal((await bench.api(account, 'PATCH', '/v1/account', {})).status, 422)
    const named = await bench.api(account, 'PATCH', '/v1/account', { name: 'Mine' })
    assert.equal(named.json.name, 'Mine')
  })
})
