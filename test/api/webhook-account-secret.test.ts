/** The account's own secret signs what goes to URLs that requests name, and rotates without a gap. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { rotateAccountSecret } from '../../shared/stores/account-webhook-secret.ts'
import { startWebhookBench, type WebhookBench } from './webhook-bench.ts'

const PATH = '/v1/account/webhook-secret/rotate'

describe('the webhook secret of an account', () => {
  let bench: WebhookBench
  before(async () => {
    bench = await startWebhookBench()
  })
  after(() => bench.close())

  /** The v1 signatures of the next delivery to a URL named by a request, and what a secret would sign. */
  const deliverOne = async (account: Awaited<ReturnType<WebhookBench['edge']['openAccount']>>, eventId: string) => {
    const receiver = await bench.receiver()
    await bench.announce(account, { eventId, perRequestUrl: receiver.url })
    await bench.deliverAll(account)
    const [sent] = receiver.received
    assert.ok(sent)
    const at = new Date(Number(sent.headers['webhook-timestamp']) * 1000)
    const signatures = sent.headers['webhook-signature']?.split(' ') ?? []
    return {
      ...sent,
      signedBy: (secret: string) => signatures.includes(new Webhook(secret).sign(eventId, at, sent.body)),
    }
  }

  test('signs beside the new one until the overlap ends, then no more', async () => {
    const account = await bench.edge.openAccount()
    const rotated = await bench.api(account, 'POST', PATH, { overlap_seconds: 600 })
    assert.equal(rotated.status, 200, rotated.text)
    const { secret, former_until } = rotated.json
    assert.equal(Date.parse(former_until), bench.clock.now + 600_000)
    const during = await deliverOne(account, 'evt_1')
    for (const each of [account.webhookSecret, secret]) new Webhook(each).verify(during.body, during.headers)
    bench.clock.now += 600_000
    const later = await deliverOne(account, 'evt_2')
    assert.deepEqual([later.signedBy(secret), later.signedBy(account.webhookSecret)], [true, false])
  })

  test('ends at once where the overlap is 0, and so do those before it', async () => {
    const account = await bench.edge.openAccount()
    const first = await bench.api(account, 'POST', PATH)
    const second = await bench.api(account, 'POST', PATH, { overlap_seconds: 0 })
    assert.equal(second.json.former_until, null)
    const sent = await deliverOne(account, 'evt_3')
    assert.deepEqual([account.webhookSecret, first.json.secret, second.json.secret].map(sent.signedBy), [
      false,
      false,
      true,
    ])
  })

  test('rotated at once by several keeps every new secret that was given out', async () => {
    const account = await bench.edge.openAccount()
    const given = await Promise.all([1, 2, 3].map(() => bench.api(account, 'POST', PATH)))
    const sent = await deliverOne(account, 'evt_4')
    for (const { json } of given) assert.ok(sent.signedBy(json.secret))
  })

  test('rotated twice to the same secret is rotated once', async () => {
    const account = await bench.edge.openAccount()
    const rotation = {
      accountId: account.id,
      secret: `whsec_${Buffer.alloc(32, 5).toString('base64')}`,
      overlapUntil: bench.clock.now + 1000,
      now: bench.clock.now,
    }
    const once = await rotateAccountSecret(bench.edge.api.table, rotation)
    assert.deepEqual(await rotateAccountSecret(bench.edge.api.table, rotation), once)
  })
})
