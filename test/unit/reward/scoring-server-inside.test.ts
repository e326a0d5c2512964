/** A scoring server that a client names is no way into our network: the runner asks none that is not public. */
import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { RewardServerError, scoreByServer } from '../../../gpu-runner/reward/score-by-server.ts'
import { rewardRequestSchema } from '../../../shared/contract/reward.ts'
import type { AddressPolicy } from '../../../shared/domain/public-address.ts'
import { LOOPBACK, listen, RECEIVER, receive } from '../outbound/loopback.ts'

const PUBLIC_ONLY = { allowHttp: true, allowedCidrs: [] }
const IMAGE = { data: new Float32Array(3 * 4), width: 2, height: 2 }

const ask = (url: string, policy: AddressPolicy) =>
  scoreByServer(
    {
      generationId: 'gen_1',
      prompt: 'two bears',
      attempt: '1',
      policy,
      allowed: async () => true,
      sign: async ({ id }) => ({ 'webhook-id': id, 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' }),
      pause: async () => undefined,
    },
    { server: { name: 'http', url, timeout_seconds: 1 }, weight: 1 },
  )([IMAGE])

const refused = (code: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RewardServerError, String(error))
  assert.equal(error.code, 'reward_server_failed')
  assert.match(error.message, code)
  return true
}

/** What the system's resolver answers to each look-up in turn, the last one for ever. */
const resolving = (t: TestContext, ...answers: readonly (readonly string[])[]) => {
  const asked: string[] = []
  t.mock.method(dns, 'lookup', async (host: string) => {
    const addresses = answers[Math.min(asked.push(host), answers.length) - 1] ?? []
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return asked
}

const HOSTS_INSIDE = [
  ['loopback', '127.0.0.1'],
  ['decimal', '2130706433'],
  ['hexadecimal', '0x7f000001'],
  ['octal and short', '0177.1'],
  ['full width', '１２７.0.0.1'],
  ['v4 mapped into v6', '[::ffff:127.0.0.1]'],
  ['v4 mapped into v6, in hexadecimal', '[::ffff:7f00:1]'],
  ['NAT64 of loopback', '[64:ff9b::7f00:1]'],
  ['loopback of v6', '[::1]'],
  ['every address', '0.0.0.0'],
  ['private', '10.1.2.3'],
  ['metadata', '169.254.169.254'],
  ['metadata, decimal', '2852039166'],
  ['metadata, mapped', '[::ffff:a9fe:a9fe]'],
  ['metadata of ECS', '169.254.170.2'],
  ['metadata of v6', '[fd00:ec2::254]'],
] as const

for (const [what, host] of HOSTS_INSIDE)
  test(`a server at ${host} (${what}) is asked for nothing, and no request can name it`, async (t) => {
    let connections = 0
    const port = await listen(
      t,
      createServer(() => connections++),
    )
    const url = `http://${host}:${port}/score`
    await assert.rejects(ask(url, PUBLIC_ONLY), refused(/address_refused/))
    assert.equal(connections, 0)
    const said = rewardRequestSchema(PUBLIC_ONLY).safeParse({ name: 'http', url })
    assert.equal(said.success, false)
  })

test('metadata services are asked for nothing even where the policy lets their network be asked', async () => {
  for (const host of ['169.254.169.254', '[fd00:ec2::254]', '[::ffff:a9fe:a9fe]'])
    await assert.rejects(
      ask(`http://${host}/latest`, { allowHttp: true, allowedCidrs: ['0.0.0.0/0', '::/0'] }),
      refused(/address_refused/),
    )
})

test('a user name, a password or another scheme is refused before any name is looked up', async (t) => {
  const asked = resolving(t, ['127.0.0.1'])
  for (const url of [
    `http://user@${RECEIVER}/`,
    `http://user:password@${RECEIVER}/`,
    `http://example.com@${RECEIVER}/`,
    `ftp://${RECEIVER}/`,
    'file:///etc/passwd',
    `http://${RECEIVER}\\@example.com/`,
  ])
    await assert.rejects(ask(url, LOOPBACK), refused(/url_refused/))
  assert.deepEqual(asked, [])
})

test('a name with one address inside among public ones is refused', async (t) => {
  resolving(t, ['93.184.216.34', '10.0.0.1'])
  await assert.rejects(ask(`http://${RECEIVER}/`, PUBLIC_ONLY), refused(/address_refused/))
})

test('a name that turns inwards between two tries (DNS rebinding) is asked once, at the address that was judged', async (t) => {
  const { port, received } = await receive(t, (response) => response.writeHead(503).end())
  const asked = resolving(t, ['127.0.0.1'], ['169.254.169.254'])
  await assert.rejects(ask(`http://${RECEIVER}:${port}/score`, LOOPBACK), refused(/address_refused/))
  // Nothing but the answer given here leads to the receiver: the socket did not look the name up again.
  assert.deepEqual([asked, received.length], [[RECEIVER, RECEIVER], 1])
})

test('a redirect inwards is not followed, nor asked again', async (t) => {
  const inside = await receive(t, (response) => response.writeHead(200).end('{"rewards":[]}'))
  const outside = await receive(t, (response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end(),
  )
  await assert.rejects(ask(`http://127.0.0.1:${outside.port}/score`, LOOPBACK), refused(/status 307/))
  assert.deepEqual([outside.received.length, inside.received.length], [1, 0])
})
