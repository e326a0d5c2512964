import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import fc from 'fast-check'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { encodeWebhookSecret, signWebhook } from '../../../shared/domain/webhook-signature.ts'

const NOW_SECONDS = 1_800_000_000
const secretOf = (fill: number, length = 32) => encodeWebhookSecret(new Uint8Array(length).fill(fill))
const OLD = secretOf(1)
const NEW = secretOf(2)
const message = { id: 'evt_01J', timestampSeconds: NOW_SECONDS, body: '{"type":"generation.succeeded"}' }

describe('a webhook signature', () => {
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: NOW_SECONDS * 1000 }))
  afterEach(() => mock.timers.reset())

  it('is accepted by the standardwebhooks library for any body and any allowed secret', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        (body, bytes) => {
          const secret = encodeWebhookSecret(bytes)
          const headers = signWebhook({ ...message, body, secrets: [secret] })
          new Webhook(secret).verify(body, headers, { jsonParse: false })
        },
      ),
    )
  })

  it('equals what the library itself would sign', () => {
    const headers = signWebhook({ ...message, secrets: [OLD] })
    assert.equal(
      headers['webhook-signature'],
      new Webhook(OLD).sign(message.id, new Date(NOW_SECONDS * 1000), message.body),
    )
    assert.equal(headers['webhook-id'], 'evt_01J')
    assert.equal(headers['webhook-timestamp'], '1800000000')
  })

  it('is accepted with the old and with the new secret while a secret is rotated, and with no third', () => {
    const headers = signWebhook({ ...message, secrets: [NEW, OLD] })
    assert.equal(headers['webhook-signature'].split(' ').length, 2)
    for (const secret of [OLD, NEW]) assert.ok(new Webhook(secret).verify(message.body, headers))
    assert.throws(() => new Webhook(secretOf(3)).verify(message.body, headers), WebhookVerificationError)
  })

  it('is refused when body, id or timestamp were changed on the way', () => {
    const headers = signWebhook({ ...message, secrets: [OLD] })
    const receiver = new Webhook(OLD)
    const tampered: [string, Record<string, string>][] = [
      [message.body.replace('succeeded', 'failed'), headers],
      [`${message.body} `, headers],
      [message.body, { ...headers, 'webhook-id': 'evt_01K' }],
      [message.body, { ...headers, 'webhook-timestamp': String(NOW_SECONDS + 1) }],
    ]
    receiver.verify(message.body, headers)
    for (const [body, changed] of tampered) {
      assert.throws(() => receiver.verify(body, changed), WebhookVerificationError)
    }
  })
})

describe('signWebhook', () => {
  it('refuses ids that could move the border between id, timestamp and body', () => {
    for (const id of ['', 'a.b', 'a b', 'a\r\nx: y', 'é', 'a'.repeat(257)]) {
      assert.throws(() => signWebhook({ ...message, id, secrets: [OLD] }), RangeError, JSON.stringify(id))
    }
  })

  it('refuses timestamps that are not whole seconds', () => {
    for (const timestampSeconds of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => signWebhook({ ...message, timestampSeconds, secrets: [OLD] }), RangeError)
    }
  })

  it('refuses to sign without a secret or with one that is not a secret, and does not repeat it', () => {
    const hidden = 'c2VjcmV0'
    const bad = ['', hidden, `whsec_${hidden}`, `${OLD}!`, OLD.replace(/=+$/, ''), 'whpk_', `${OLD} `]
    assert.throws(() => signWebhook({ ...message, secrets: [] }), RangeError)
    for (const secret of bad) {
      assert.throws(
        () => signWebhook({ ...message, secrets: [OLD, secret] }),
        (error) => error instanceof RangeError && !error.message.includes(hidden),
        secret,
      )
    }
  })
})

describe('encodeWebhookSecret', () => {
  it('takes 24 to 64 bytes and no others', () => {
    for (const length of [24, 32, 64]) assert.match(secretOf(7, length), /^whsec_[A-Za-z0-9+/]+=*$/)
    for (const length of [0, 23, 65]) assert.throws(() => secretOf(7, length), RangeError)
  })
})
