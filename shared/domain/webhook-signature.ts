/**
 * Signatures of outgoing webhooks, as Standard Webhooks 1.0.0 defines them: `v1` (HMAC-SHA256, `whsec_` secrets) and `v1a`
 * (ed25519, `whsk_` keys). A secret's prefix says which.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto'
import { SECRET_KEY_PREFIX, signEd25519 } from './webhook-key-pair.ts'

const PREFIX = 'whsec_'
const MIN_SECRET_BYTES = 24
const MAX_SECRET_BYTES = 64

/** The three headers a receiver verifies; send the body byte for byte as it was signed. */
export type WebhookHeaders = Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>

export interface WebhookToSign {
  /** Same over all attempts of one delivery: the receiver's idempotency key. Letters, digits, `_` and `-`. */
  readonly id: string
  /** Time of this attempt (not of the event), whole seconds since the epoch. */
  readonly timestampSeconds: number
  readonly body: string
  /** At least one `whsec_` secret or `whsk_` key; one signature each, in this order. More while they are rotated. */
  readonly secrets: readonly string[]
}

/**
 * Writes random bytes as a webhook secret, `whsec_` and base64.
 * @param bytes 24 to 64 bytes from a cryptographic source.
 * @throws RangeError when there are fewer or more bytes than the specification allows.
 */
export function encodeWebhookSecret(bytes: Uint8Array): string {
  checkSecretLength(bytes.length)
  return PREFIX + Buffer.from(bytes).toString('base64')
}

/**
 * Signs one attempt: base64 of HMAC-SHA256 or ed25519 over `id.timestamp.body` for each secret, joined by spaces.
 * @throws RangeError for an id, timestamp or secret the specification does not allow, or when no secret is given.
 */
export function signWebhook({ id, timestampSeconds, body, secrets }: WebhookToSign): WebhookHeaders {
  // A dot inside the id could move the border between id, timestamp and body and leave the signature valid.
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(id)) throw new RangeError('a webhook id is letters, digits, "_" and "-"')
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0) {
    throw new RangeError('a webhook timestamp is whole seconds since the epoch')
  }
  if (secrets.length === 0) throw new RangeError('a webhook needs at least one secret')
  const content = `${id}.${timestampSeconds}.${body}`
  const signatures = secrets.map((secret) =>
    secret.startsWith(SECRET_KEY_PREFIX) ? `v1a,${signEd25519(secret, content)}` : `v1,${signHmac(secret, content)}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatures.join(' '),
  }
}

function signHmac(secret: string, content: string): string {
  return createHmac('sha256', decodeSecret(secret)).update(content, 'utf8').digest('base64')
}

/** The error names no part of the secret: errors end up in logs. */
function decodeSecret(secret: string): Buffer {
  if (!secret.startsWith(PREFIX)) throw new RangeError(`a webhook secret starts with "${PREFIX}"`)
  const text = secret.slice(PREFIX.length)
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is not base64; the receiver's library does not, and would compute another key.
  if (bytes.toString('base64') !== text) throw new RangeError(`a webhook secret is "${PREFIX}" and padded base64`)
  checkSecretLength(bytes.length)
  return bytes
}

function checkSecretLength(length: number): void {
  if (length < MIN_SECRET_BYTES || length > MAX_SECRET_BYTES) {
    throw new RangeError(`a webhook secret has ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, not ${length}`)
  }
}
