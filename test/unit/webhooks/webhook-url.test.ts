import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readWebhookUrl, WEBHOOK_URL_MAX_LENGTH, webhookUrlSchema } from '../../../shared/contract/webhook-url.ts'

const CLOUD = { allowHttp: false, allowedCidrs: [] }
const LAPTOP = { allowHttp: true, allowedCidrs: ['127.0.0.0/8', '::1/128'] }

const MALFORMED = [
  ...['', 'example.com', '/hook', '//example.com/hook', 'https:example.com', 'https:/example.com', 'https:///hook'],
  ...[
    'https://',
    'https://?x',
    'ftp://example.com',
    'file:///etc/passwd',
    'gopher://example.com',
    'javascript:alert(1)',
  ],
  ...['https://exa mple.com', ' https://example.com', 'https://example.com\n', 'https://exam\tple.com', 'https://a\\b'],
  ...['https://example.com\\@evil.test', 'https://a\u0000b', 'https://a\u2028b', 'https://example.com:0/'],
  ...[
    'https://example.com:65536',
    'https://example.com:x',
    'https://1.1.1.1.1/',
    'https://[::1',
    'https://[fe80::1%25lo]/',
  ],
  ...['https://user@example.com', 'https://user:password@example.com', 'https://:@example.com', 'https://@example.com'],
  ...['https://8.8.8.8@evil.test', 'https://example.com/#', 'https://example.com/#top', 'http://example.com/hook'],
]

/** Every notation of an inner address that the URL parser understands. */
const INNER = [
  ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '127.0.0.1.'],
  ...['１２７.０.０.１', '127。0。0。1', '%31%32%37.0.0.1', '0', '0.0.0.0', '10.0.0.1', '192.168.1.1', '172.16.0.1'],
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '100.64.0.1', '224.0.0.1', '255.255.255.255', '[::]', '[::1]'],
  ...['[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[fe80::1]'],
  ...['[2002:7f00:1::]', '[fd00:ec2::254]', '[fc00::1]', '[ff02::1]', '[2001:db8::1]'],
]

describe('a webhook URL', () => {
  it('is accepted when it is https to a name or a public address, on any port', () => {
    const urls = [
      'https://example.com',
      'HTTPS://Example.com/Hook?a=b@c',
      'https://example.com:8443/x',
      'https://8.8.8.8/',
    ]
    for (const text of [
      ...urls,
      'https://[2606:4700::1111]:444/',
      'https://bücher.example/ü',
      'https://example.com:1/',
    ]) {
      assert.equal(webhookUrlSchema(CLOUD).parse(text), text)
    }
  })

  it('is refused when it is not an absolute https URL without userinfo and fragment', () => {
    for (const text of MALFORMED) {
      const read = readWebhookUrl(text, CLOUD)
      assert.equal(read.ok ? 'accepted' : read.code, 'url_refused', JSON.stringify(text))
      assert.equal(webhookUrlSchema(CLOUD).safeParse(text).success, false)
    }
  })

  it('is refused when it names an inner address, in whatever notation', () => {
    for (const host of INNER) {
      const read = readWebhookUrl(`https://${host}/hook`, CLOUD)
      assert.equal(read.ok ? 'accepted' : read.code, 'address_refused', host)
    }
  })

  it('may be http, and may name the loopback, where the policy says so', () => {
    for (const text of [
      'http://127.0.0.1:4000/hook',
      'http://[::1]:4000/',
      'http://localhost:4000/',
      'https://127.1/',
    ]) {
      assert.equal(webhookUrlSchema(LAPTOP).safeParse(text).success, true, text)
    }
    for (const text of ['http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data', 'http://[::ffff:127.0.0.1]/']) {
      assert.equal(webhookUrlSchema(LAPTOP).safeParse(text).success, false, text)
    }
  })

  it('has at most 2048 characters', () => {
    const start = 'https://example.com/'
    const longest = start + 'a'.repeat(WEBHOOK_URL_MAX_LENGTH - start.length)
    assert.equal(webhookUrlSchema(CLOUD).safeParse(longest).success, true)
    assert.equal(webhookUrlSchema(CLOUD).safeParse(`${longest}a`).success, false)
    assert.equal(readWebhookUrl(`${longest}a`, CLOUD).ok, false)
  })

  it('must be a string, and is refused with a sentence that does not repeat it', () => {
    for (const value of [undefined, null, 7, {}, ['https://example.com']]) {
      assert.equal(webhookUrlSchema(CLOUD).safeParse(value).success, false)
    }
    const { error } = webhookUrlSchema(CLOUD).safeParse('https://user:hunter2@example.com')
    assert.deepEqual(
      error?.issues.map((issue) => issue.message),
      ['must not contain a user name or password'],
    )
  })
})
