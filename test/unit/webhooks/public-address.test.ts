import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type AddressPolicy,
  type AddressRefusal,
  isCidr,
  refuseAddress,
} from '../../../shared/domain/public-address.ts'

const PUBLIC_ONLY: Pick<AddressPolicy, 'allowedCidrs'> = { allowedCidrs: [] }
const EVERYTHING = { allowedCidrs: ['0.0.0.0/0', '::/0'] }

const NOT_PUBLIC = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '0:0:0:0:0:0:0:0'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'],
  private: ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  'unique local': ['fc00::1', 'fd12:3456::1', 'fdff::1'],
  'link-local and site-local': ['fe80::1', 'febf::1', 'fec0::1'],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  broadcast: ['255.255.255.255'],
  'reserved, documentation, benchmarking': [
    ...['192.0.0.8', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1'],
    ...['240.0.0.1', '254.1.1.1', '100::1', '2001:2::1', '2001:20::1', '2001:db8::1', '3fff::1', '5f00::1'],
  ],
  unassigned: ['1000::1', '4000::1', '8000::1', 'e000::1'],
}
const METADATA = [
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23', '169.254.0.1', '100.100.100.200', '168.63.129.16'],
  ...['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'],
]
const EMBEDDED = [
  ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '0:0:0:0:0:ffff:a9fe:a9fe', '::ffff:8.8.8.8'],
  ...['::127.0.0.1', '::7f00:1', '::2', '::ffff:0:7f00:1', '64:ff9b::7f00:1', '64:ff9b::169.254.169.254'],
  ...['64:ff9b:1::a00:1', '2002:7f00:1::', '2002:a9fe:a9fe::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ...['2600:1f18::5efe:127.0.0.1', '2600:1f18::200:5efe:a00:1'],
]
const NO_ADDRESS = [
  ...['', 'localhost', 'example.com', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1', '8.8.8.8 ', ' 8.8.8.8'],
  ...['8.8.8', '8.8.8.8.8', '8.8.8.256', '[::1]', 'fe80::1%eth0', '2600::1%lo', '2600:::1', '8.8.8.8/32', '08.8.8.8'],
]

function expectRefused(addresses: readonly string[], expected: AddressRefusal, policy = PUBLIC_ONLY) {
  for (const address of addresses) assert.equal(refuseAddress(address, policy), expected, address)
}

describe('an address', () => {
  it('is accepted when it is global unicast', () => {
    const accepted = [
      '8.8.8.8',
      '1.1.1.1',
      '93.184.215.14',
      '100.63.255.255',
      '100.128.0.1',
      '172.15.0.1',
      '172.32.0.1',
    ]
    for (const address of [
      ...accepted,
      '192.167.1.1',
      '223.255.255.1',
      '2606:4700::1111',
      '2a00:1450:4001:80b::200e',
    ]) {
      assert.equal(refuseAddress(address, PUBLIC_ONLY), undefined, address)
    }
  })

  for (const [range, addresses] of Object.entries(NOT_PUBLIC)) {
    it(`is refused when it is ${range}, unless the policy names its range`, () => {
      expectRefused(addresses, 'not_public')
      for (const address of addresses) assert.equal(refuseAddress(address, EVERYTHING), undefined, address)
    })
  }

  it('is refused when it serves credentials, whatever the policy', () => {
    expectRefused(METADATA, 'metadata')
    expectRefused(METADATA, 'metadata', EVERYTHING)
  })

  it('is refused when it is IPv6 around an IPv4 address, whatever the policy', () => {
    expectRefused(EMBEDDED, 'embeds_ipv4')
    expectRefused(EMBEDDED, 'embeds_ipv4', EVERYTHING)
  })

  it('is refused in a notation that sockets and parsers may read differently', () => {
    expectRefused(NO_ADDRESS, 'not_an_address', EVERYTHING)
  })

  it('is refused in every IPv6 wrapping, for every IPv4 address', () => {
    const hextet = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(hextet, hextet, (a, b) => {
        const v4 = `${a.toString(16)}:${b.toString(16)}`
        for (const prefix of ['::ffff:', '::ffff:0:', '64:ff9b::'])
          expectRefused([prefix + v4], 'embeds_ipv4', EVERYTHING)
        expectRefused([`2002:${v4}::1`, `2001:0:1:2:3:4:${v4}`, `2600::5efe:${v4}`], 'embeds_ipv4', EVERYTHING)
      }),
    )
  })
})

describe('an allowed range', () => {
  it('allows itself and nothing beside it', () => {
    const laptop = { allowedCidrs: ['127.0.0.0/8', '::1/128'] }
    for (const address of ['127.0.0.1', '127.8.8.8', '::1']) assert.equal(refuseAddress(address, laptop), undefined)
    expectRefused(['10.0.0.1', '192.168.1.1', 'fd00::1', '0.0.0.0', '::'], 'not_public', laptop)
    expectRefused(['::ffff:127.0.0.1', '::127.0.0.1'], 'embeds_ipv4', laptop)
  })

  it('allows nothing when it is mistyped, and can be found to be', () => {
    const mistyped = ['127.0.0.0', '127.0.0.1/33', '127/8', '0x7f.0.0.0/8', '::1', '::1/129', '127.0.0.0/-1', '*', '']
    for (const cidr of mistyped) {
      assert.equal(isCidr(cidr), false, cidr)
      expectRefused(['127.0.0.1', '::1'], 'not_public', { allowedCidrs: [cidr] })
    }
    for (const cidr of ['127.0.0.0/8', '10.1.2.3/32', '::1/128', 'fd00::/8']) assert.equal(isCidr(cidr), true, cidr)
  })
})
