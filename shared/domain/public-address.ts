/**
 * Which IP addresses a customer may make us connect to. Only global unicast addresses, plus what configuration allows.
 *
 * The rule is a list of what is let through, not of what is kept out: a range nobody thought of is refused.
 */
import ipaddr from 'ipaddr.js'

export interface AddressPolicy {
  /** Whether `http:` URLs are accepted beside `https:`. */
  readonly allowHttp: boolean
  /** Ranges accepted although they are not public, for example `127.0.0.0/8` on a laptop. */
  readonly allowedCidrs: readonly string[]
}

/**
 * - `not_an_address`: not an IPv4 address of four decimals nor an IPv6 address without a zone.
 * - `metadata`: hands out a machine's credentials. No policy can allow it.
 * - `embeds_ipv4`: an IPv6 form that a gateway may turn into some IPv4 address. No policy can allow it.
 * - `not_public`: loopback, private, shared, link-local, multicast, documentation, reserved, unassigned, ...
 */
export type AddressRefusal = 'not_an_address' | 'metadata' | 'embeds_ipv4' | 'not_public'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Where clouds serve credentials, also where the address looks public or a wide range was allowed. */
const METADATA_CIDRS = [
  '169.254.0.0/16', // AWS (instance, ECS task, EKS pod), GCP, Azure, Oracle, Scaleway
  'fd00:ec2::/32', // AWS over IPv6
  'fd20:ce::254/128', // GCP over IPv6
  'fd00:42::42/128', // Scaleway over IPv6
  '100.100.100.200/32', // Alibaba
  '192.0.0.192/32', // Oracle Classic
  '168.63.129.16/32', // Azure's wire server
]

/** ipaddr.js names: IPv4-mapped, IPv4-translated, NAT64, 6to4, Teredo. */
const EMBEDDING_RANGES: ReadonlySet<string> = new Set(['ipv4Mapped', 'rfc6145', 'rfc6052', '6to4', 'teredo'])

/** True for `address/prefix` in the strict notation that `allowedCidrs` takes; check configuration with it. */
export function isCidr(text: string): boolean {
  return ipaddr.IPv4.isValidCIDRFourPartDecimal(text) || ipaddr.IPv6.isValidCIDR(text)
}

/**
 * Says why an address must not be connected to; undefined when it may be.
 * @param ip an address as a resolver or a URL's host gives it, IPv6 without brackets.
 */
export function refuseAddress(ip: string, policy: Pick<AddressPolicy, 'allowedCidrs'>): AddressRefusal | undefined {
  const address = parseStrictly(ip)
  if (address === undefined) return 'not_an_address'
  if (within(address, METADATA_CIDRS)) return 'metadata'
  if (embedsIpv4(address)) return 'embeds_ipv4'
  if (within(address, policy.allowedCidrs)) return undefined
  return isGlobalUnicast(address) ? undefined : 'not_public'
}

/** The library alone also reads `0x7f.1`, `2130706433` and zones, which sockets read differently or not at all. */
function parseStrictly(ip: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) return ipaddr.IPv4.parse(ip)
  if (ip.includes('%') || !ipaddr.IPv6.isValid(ip)) return undefined
  return ipaddr.IPv6.parse(ip)
}

function within(address: Address, cidrs: readonly string[]): boolean {
  return cidrs.some((cidr) => {
    if (!isCidr(cidr)) return false
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === address.kind() && address.match(network, bits)
  })
}

function embedsIpv4(address: Address): boolean {
  if (address instanceof ipaddr.IPv4) return false
  if (EMBEDDING_RANGES.has(address.range())) return true
  const [a, b, c, d, e = 0, f, g, h = 0] = address.parts
  // ::a.b.c.d (RFC 4291, 2.5.5.1), which begins like :: and ::1.
  if (a === 0 && b === 0 && c === 0 && d === 0 && e === 0 && f === 0) return g !== 0 || h > 1
  // ISATAP interface identifiers 0000:5efe and 0200:5efe (RFC 5214, 6.1), under any prefix.
  return (e & 0xfdff) === 0 && f === 0x5efe
}

function isGlobalUnicast(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  // IANA assigns global unicast from 2000::/3 only; the library calls every range without a name unicast.
  return address instanceof ipaddr.IPv4 || within(address, ['2000::/3'])
}
