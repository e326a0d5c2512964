/**
 * Tokens of shared links: what a link shows and until when, sealed by AES-256-GCM under a key of the service. Whoever holds one
 * can read nothing of it and change nothing in it, and nothing is stored: a link ends by its own time.
 */
import { hkdfSync } from 'node:crypto'
import { z } from 'zod'
import { openText, sealText } from './sealed-text.ts'

/** Far above a token of the most generations; longer ones are not looked at. */
export const MAX_TOKEN_LENGTH = 1024

const shareSchema = z.strictObject({
  account_id: z.string(),
  generation_ids: z.array(z.string()).min(1),
  /** Epoch milliseconds. */
  expires_at: z.number().int(),
})
export type Share = z.infer<typeof shareSchema>

/** A key of its own: a token must open nothing else that the pepper seals. */
const keyOf = (pepper: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', pepper, '', 'rollover share token 1', 32))

/**
 * The token, base64url.
 * @param nonce 12 random bytes, never used twice.
 */
export const sealShare = (share: Share, { pepper, nonce }: { pepper: string; nonce: Uint8Array }): string =>
  sealText(JSON.stringify(share), keyOf(pepper), nonce).toString('base64url')

/** What was sealed, expired or not; undefined for whatever else it is given. */
export const openShare = (token: string, pepper: string): Share | undefined => {
  const bytes = Buffer.from(token.slice(0, MAX_TOKEN_LENGTH), 'base64url')
  // Another spelling of the same bytes is another token.
  if (bytes.toString('base64url') !== token) return undefined
  try {
    return shareSchema.parse(JSON.parse(openText(bytes, keyOf(pepper))))
  } catch {
    return undefined
  }
}
