/**
 * Key pairs of outgoing webhooks, as Standard Webhooks 1.0.0 defines them (scheme `v1a`, ed25519): a receiver with the
 * public key can verify and cannot forge. `whsk_` is base64 of seed and public key (64 bytes), `whpk_` of the public key (32).
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'

export const SECRET_KEY_PREFIX = 'whsk_'
const PUBLIC_KEY_PREFIX = 'whpk_'
const SEED_BYTES = 32
const PAIR_BYTES = 64
/** DER of a PKCS #8 ed25519 private key up to its seed (RFC 8410, section 7). */
const PKCS8_HEADER = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface WebhookKeyPair {
  /** `whsk_...`: signs, and never leaves the service. */
  readonly secretKey: string
  /** `whpk_...`: what receivers are given. */
  readonly publicKey: string
}

/**
 * The key pair of a seed.
 * @param seed 32 bytes from a cryptographic source.
 * @throws RangeError for another length.
 */
export function encodeWebhookKeyPair(seed: Uint8Array): WebhookKeyPair {
  if (seed.length !== SEED_BYTES) throw new RangeError(`a webhook key pair is made from ${SEED_BYTES} bytes`)
  const jwk = createPublicKey(privateKeyOf(seed)).export({ format: 'jwk' })
  const publicBytes = Buffer.from(String(jwk.x), 'base64url')
  return {
    secretKey: SECRET_KEY_PREFIX + Buffer.concat([seed, publicBytes]).toString('base64'),
    publicKey: PUBLIC_KEY_PREFIX + publicBytes.toString('base64'),
  }
}

/**
 * Base64 of the ed25519 signature of a text's UTF-8 bytes.
 * @throws RangeError when the key is none; the error names no part of it.
 */
export function signEd25519(secretKey: string, content: string): string {
  const text = secretKey.slice(SECRET_KEY_PREFIX.length)
  const bytes = Buffer.from(text, 'base64')
  if (!secretKey.startsWith(SECRET_KEY_PREFIX) || bytes.length !== PAIR_BYTES || bytes.toString('base64') !== text)
    throw new RangeError(`a webhook secret key is "${SECRET_KEY_PREFIX}" and base64 of ${PAIR_BYTES} bytes`)
  return sign(null, Buffer.from(content, 'utf8'), privateKeyOf(bytes.subarray(0, SEED_BYTES))).toString('base64')
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEADER, seed]), format: 'der', type: 'pkcs8' })
}
