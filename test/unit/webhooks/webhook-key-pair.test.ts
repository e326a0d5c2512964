import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { encodeWebhookKeyPair, signEd25519 } from '../../../shared/domain/webhook-key-pair.ts'
import { encodeWebhookSecret, signWebhook } from '../../../shared/domain/webhook-signature.ts'

/** As a receiver does it who has only the public key and Node. */
const isSigned = (publicKey: string, content: string, signature: string): boolean => {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ''), 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'))
}

describe('a webhook key pair', () => {
  it('signs what its public key verifies, and no other text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string({ unit: 'grapheme' }), (seed, text) => {
        const { secretKey, publicKey } = encodeWebhookKeyPair(seed)
        const signature = signEd25519(secretKey, text)
        assert.ok(isSigned(publicKey, text, signature))
        assert.ok(!isSigned(publicKey, `${text} `, signature))
      }),
      { numRuns: 50 },
    )
  })

  it('agrees with the first test vector of RFC 8032, section 7.1', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    const { secretKey, publicKey } = encodeWebhookKeyPair(seed)
    const publicHex = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    assert.equal(publicKey, `whpk_${Buffer.from(publicHex, 'hex').toString('base64')}`)
    assert.equal(Buffer.from(secretKey.slice(5), 'base64').toString('hex'), seed.toString('hex') + publicHex)
    assert.equal(
      Buffer.from(signEd25519(secretKey, ''), 'base64').toString('hex'),
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  it('refuses a seed of another length and what is no secret key, without repeating it', () => {
    for (const length of [0, 31, 33]) assert.throws(() => encodeWebhookKeyPair(new Uint8Array(length)), RangeError)
    const { secretKey, publicKey } = encodeWebhookKeyPair(new Uint8Array(32).fill(3))
    for (const bad of ['', publicKey, secretKey.slice(0, -4), secretKey.replace('whsk_', 'whsec_'), `${secretKey} `])
      assert.throws(
        () => signEd25519(bad, 'x'),
        (error) => error instanceof RangeError && (bad === '' || !error.message.includes(bad)),
      )
  })

  it('stands beside a secret in one header, and receivers of either scheme accept it', () => {
    const now = Math.floor(Date.now() / 1000)
    const secret = encodeWebhookSecret(new Uint8Array(32).fill(1))
    const pair = encodeWebhookKeyPair(new Uint8Array(32).fill(2))
    const body = '{"type":"generation.succeeded"}'
    const headers = signWebhook({ id: 'evt_1', timestampSeconds: now, body, secrets: [secret, pair.secretKey] })
    assert.ok(new Webhook(secret).verify(body, headers))
    const [, second] = headers['webhook-signature'].split(' ')
    const [scheme, signature] = second?.split(',') ?? []
    assert.equal(scheme, 'v1a')
    assert.ok(isSigned(pair.publicKey, `evt_1.${now}.${body}`, signature ?? ''))
  })
})
