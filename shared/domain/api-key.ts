/**
 * API keys: `rk_` (or `rka_` for administration), 32 characters of base62 and their CRC-32 in six more. A mistyped key is
 * refused without a look-up. Only the HMAC of a key is stored; the key is shown once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BODY_LENGTH = 32
const CHECK_LENGTH = 6
const PATTERN = /^(rk|rka)_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/

export type KeyKind = 'rk' | 'rka'

/** A key from random bytes (32 or more, from a cryptographic source: rejection keeps every character equally likely). */
export const formatApiKey = (kind: KeyKind, random: Uint8Array): string => {
  let body = ''
  for (const byte of random) {
    if (byte >= 248 || body.length === BODY_LENGTH) continue
    body += ALPHABET[byte % 62]
  }
  if (body.length < BODY_LENGTH) throw new RangeError('too few random bytes for a key')
  return `${kind}_${body}${checksum(`${kind}_${body}`)}`
}

/** The kind of a well-formed key; undefined for anything mistyped. */
export const parseApiKey = (text: string): KeyKind | undefined => {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, kind, body, check] = match
  return checksum(`${kind}_${body}`) === check ? (kind as KeyKind) : undefined
}

/** What is stored of a key: HMAC-SHA256 with a pepper that is not in the database, as hex. */
export const hashApiKey = (key: string, pepper: string): string =>
  createHmac('sha256', pepper).update(key).digest('hex')

/** Compares two hex digests in constant time. */
export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

const checksum = (text: string): string => {
  let value = crc32(text)
  let out = ''
  for (let i = 0; i < CHECK_LENGTH; i++) {
    out = `${ALPHABET[value % 62]}${out}`
    value = Math.floor(value / 62)
  }
  return out
}
