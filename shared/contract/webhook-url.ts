/**
 * The URL a webhook goes to: what a request may name, and what the worker checks again before it connects, since the
 * policy may have changed between. One reading for both, so that they cannot disagree about the host.
 */
import { z } from 'zod'
import { type AddressPolicy, refuseAddress } from '../domain/public-address.ts'

export const WEBHOOK_URL_MAX_LENGTH = 2048

export type ReadWebhookUrl =
  | {
      readonly ok: true
      readonly url: URL
      /** Host without brackets, as the URL parser normalised it. */
      readonly host: string
      /** True when the host is an IP address (already checked), in whatever notation it was written. */
      readonly isAddress: boolean
    }
  | { readonly ok: false; readonly code: 'url_refused' | 'address_refused'; readonly detail: string }

/**
 * Reads a webhook URL without any look-up. Refuses what is not an absolute https URL (http where the policy says so),
 * userinfo, a fragment, white space, port 0, more than 2048 characters, and a literal address the policy refuses in
 * any notation (`https://0x7f.1`, `https://2130706433`, `https://[::ffff:7f00:1]`). Any other port is accepted.
 */
export function readWebhookUrl(text: string, policy: AddressPolicy): ReadWebhookUrl {
  if (text.length > WEBHOOK_URL_MAX_LENGTH) return refuse(`is longer than ${WEBHOOK_URL_MAX_LENGTH} characters`)
  // The URL parser drops tabs and line breaks and reads "\" as "/": a person and a log would see another URL.
  if (/[\s\p{Cc}\p{Cs}\\]/u.test(text)) return refuse('contains white space, a control character or a backslash')
  const scheme = /^(https?):\/\/[^/]/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || !URL.canParse(text)) return refuse('is not an absolute https URL')
  if (scheme === 'http' && !policy.allowHttp) return refuse('must use https')
  if (text.includes('#')) return refuse('must not have a fragment')
  if (text.split(/[/?]/)[2]?.includes('@')) return refuse('must not contain a user name or password')
  const url = new URL(text)
  if (url.port === '0') return refuse('must not use port 0')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // The parser writes every notation of an IPv4 address as four decimals, so one pattern finds them all.
  const isAddress = host.includes(':') || /^[\d.]+$/.test(host)
  if (isAddress && refuseAddress(host, policy) !== undefined) {
    return { ok: false, code: 'address_refused', detail: 'names an address that is not public' }
  }
  return { ok: true, url, host, isAddress }
}

/** Schema of `webhook_url` in a request; the value is kept as it was written. */
export function webhookUrlSchema(policy: AddressPolicy) {
  return z
    .string()
    .max(WEBHOOK_URL_MAX_LENGTH)
    .meta({ pattern: '^https?://[^/]', description: 'A public https address.' })
    .superRefine((text, context) => {
      const read = readWebhookUrl(text, policy)
      if (!read.ok) context.addIssue({ code: 'custom', message: read.detail })
    })
}

function refuse(detail: string): ReadWebhookUrl {
  return { ok: false, code: 'url_refused', detail }
}
