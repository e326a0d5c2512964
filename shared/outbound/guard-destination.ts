/**
 * From a URL a customer gave to the addresses we may connect to. The name is resolved here, once; whoever connects
 * uses these addresses and never the name, so an answer that changes between check and use (DNS rebinding) is not seen.
 */
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { readWebhookUrl } from '../contract/webhook-url.ts'
import { type AddressPolicy, refuseAddress } from '../domain/public-address.ts'

/** Every address of a host name; rejects or answers none when there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>

export interface CheckedAddress {
  readonly address: string
  readonly family: 4 | 6
}

export interface Destination {
  readonly url: URL
  /** Host name or address, without brackets. */
  readonly host: string
  /** At least one, and each passed the policy. */
  readonly addresses: readonly CheckedAddress[]
}

export type GuardResult =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly code: 'url_refused' | 'address_refused' | 'dns'; readonly detail: string }

export interface GuardOptions {
  readonly url: string
  readonly policy: AddressPolicy
  readonly resolve?: Resolve
}

/** The system's own resolution (hosts file included), IPv4 and IPv6. */
export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true })).map((entry) => entry.address)

/**
 * Resolves the URL's host and checks every address of it: one refused address refuses all, because a name with a
 * public and a private address is an attack or a mistake. Never rejects. The detail leaves addresses out, so that
 * nobody can read our private DNS through it.
 */
export async function guardDestination({ url, policy, resolve = resolveBySystem }: GuardOptions): Promise<GuardResult> {
  const read = readWebhookUrl(url, policy)
  if (!read.ok) return { ok: false, code: read.code, detail: `the URL ${read.detail}` }
  let answers: readonly string[]
  try {
    answers = read.isAddress ? [read.host] : await resolve(read.host)
  } catch (error) {
    return { ok: false, code: 'dns', detail: `the host name did not resolve (${errorCode(error)})` }
  }
  if (answers.length === 0) return { ok: false, code: 'dns', detail: 'the host name has no address' }
  if (answers.some((address) => refuseAddress(address, policy) !== undefined)) {
    return { ok: false, code: 'address_refused', detail: 'the host resolves to an address that is not public' }
  }
  const addresses = answers.map((address): CheckedAddress => ({ address, family: isIP(address) === 6 ? 6 : 4 }))
  return { ok: true, destination: { url: read.url, host: read.host, addresses } }
}

/** A socket's `lookup` that knows these addresses and nothing else. */
export function lookupAmong(addresses: readonly CheckedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const [first] = addresses
    queueMicrotask(() => {
      if (options.all) callback(null, [...addresses])
      else if (first) callback(null, first.address, first.family)
      else callback(new Error('no checked address'), '')
    })
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
