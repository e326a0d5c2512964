/**
 * Idempotency-Key, as draft-ietf-httpapi-idempotency-key-header-07 asks, and what two requests must share to be one.
 */
import { createHmac } from 'node:crypto'

export const MAX_IDEMPOTENCY_KEY_LENGTH = 255

/**
 * The key a header names: a quoted string (RFC 9651, with \" and \\) or the same characters bare. Undefined when it is
 * empty, longer than 255 characters, or not printable ASCII. `"a"` and `a` are one key.
 */
export const parseIdempotencyKey = (header: string): string | undefined => {
  const text = header.trim()
  const quoted = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1')
  const key = quoted ?? (/^[\x21\x23-\x7e]+$/.test(text) ? text : undefined)
  return key === undefined || key === '' || key.length > MAX_IDEMPOTENCY_KEY_LENGTH ? undefined : key
}

/** A body as the fingerprint sees it: JSON without the order of its keys and without white space, other text as it is. */
export const canonicalBody = (text: string): string => {
  try {
    return JSON.stringify(sorted(JSON.parse(text)))
  } catch {
    return text
  }
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]))
}

/** HMAC-SHA256 over parts whose borders cannot be moved. */
export const keyedDigest = (secret: string, ...parts: readonly string[]): Buffer =>
  createHmac('sha256', secret).update(JSON.stringify(parts)).digest()
