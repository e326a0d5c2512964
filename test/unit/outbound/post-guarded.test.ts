import assert from 'node:assert/strict'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, it, mock } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { nextAttempt } from '../../../shared/domain/retry-schedule.ts'
import { encodeWebhookSecret, signWebhook } from '../../../shared/domain/webhook-signature.ts'
import { EXCERPT_BYTES } from '../../../shared/outbound/post-guarded.ts'
import { drip, listen, post, RECEIVER, receive, receiveRaw } from './loopback.ts'

/** So that waiting for ever is a failure and not a hang. */
const WITHIN = { timeout: 5000 }

describe('a post', WITHIN, () => {
  it('brings a signed body to the receiver byte for byte', async (test) => {
    const { port, received } = await receive(test, (response) => response.writeHead(204).end())
    const secret = encodeWebhookSecret(new Uint8Array(24).fill(9))
    const body = JSON.stringify({ type: 'generation.succeeded', data: { prompt: 'sept ballons, “quatre” ours 🐻' } })
    mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
    test.after(() => mock.timers.reset())
    const signed = signWebhook({ id: 'evt_1', timestampSeconds: 1_800_000_000, body, secrets: [secret] })
    const result = await post(port, { url: `http://${RECEIVER}:${port}/a?b=c`, headers: { ...signed }, body })
    assert.deepEqual(result, { kind: 'response', status: 204, bodyExcerpt: '' })
    const [request] = received
    assert.ok(request)
    assert.equal(`${request.method} ${request.url}`, 'POST /a?b=c')
    assert.deepEqual(new Webhook(secret).verify(request.body, signed), JSON.parse(body))
    for (const [name, value] of Object.entries(signed)) assert.equal(request.headers[name], value)
  })

  it('keeps the URL’s host in Host, whatever the caller’s headers say', async (test) => {
    const { port, received } = await receive(test, (response) => response.end())
    await post(port, { headers: { Host: 'evil.test', 'Content-Length': '1', Connection: 'keep-alive' }, body: 'whole' })
    assert.equal(received[0]?.headers.host, `${RECEIVER}:${port}`)
    assert.equal(received[0]?.headers.connection, 'close')
    assert.equal(received[0]?.body, 'whole')
  })

  it('reports status, retry-after and the beginning of the body', async (test) => {
    const { port } = await receive(test, (response) =>
      response.writeHead(429, { 'retry-after': '17' }).end('slow down'),
    )
    const result = await post(port)
    assert.deepEqual(result, { kind: 'response', status: 429, retryAfter: '17', bodyExcerpt: 'slow down' })
  })

  it('gives the schedule what it needs: 410 disables, retry-after postpones, a dead port is tried again', async (test) => {
    const gone = await receive(test, (response) => response.writeHead(410).end())
    const busy = await receive(test, (response) => response.writeHead(503, { 'retry-after': '60' }).end())
    const after = async (port: number) =>
      nextAttempt({ attempt: 1, outcome: await post(port, { timeoutMs: 1000 }), now: 0, jitter: 0.5 })
    assert.deepEqual(await after(gone.port), { state: 'disabled' })
    assert.deepEqual(await after(busy.port), { state: 'pending', dueAt: 60_000 })
    assert.deepEqual(await after(1), { state: 'pending', dueAt: 5000 })
  })
})

describe('the address that was checked', WITHIN, () => {
  it('is the one connected to: the name is resolved once, and an answer that turns inwards later is refused', async (test) => {
    const { port, received } = await receive(test, (response) => response.end('here'))
    const asked: string[] = []
    const rebinding = async (host: string) => {
      asked.push(host)
      return asked.length === 1 ? ['127.0.0.1'] : ['169.254.169.254']
    }
    const first = await post(port, { resolve: rebinding })
    assert.deepEqual(first, { kind: 'response', status: 200, bodyExcerpt: 'here' })
    assert.deepEqual(asked, [RECEIVER])
    const second = await post(port, { resolve: rebinding })
    assert.equal(second.kind === 'error' && second.code, 'address_refused')
    assert.equal(received.length, 1)
  })

  it('is never connected to when it is refused', async (test) => {
    let connections = 0
    const port = await listen(
      test,
      createTcpServer(() => connections++),
    )
    const closed = { allowHttp: true, allowedCidrs: [] }
    for (const host of [RECEIVER, '127.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const result = await post(port, { url: `http://${host}:${port}/`, policy: closed })
      assert.equal(result.kind === 'error' && result.code, 'address_refused', host)
    }
    const scheme = await post(port, { policy: { ...closed, allowHttp: false } })
    assert.equal(scheme.kind === 'error' && scheme.code, 'url_refused')
    assert.equal(connections, 0)
  })

  it('is not left by a redirect, neither inwards nor to another receiver', async (test) => {
    const other = await receive(test, (response) => response.end())
    for (const location of ['http://169.254.169.254/latest/meta-data/', `http://127.0.0.1:${other.port}/`]) {
      for (const status of [301, 302, 303, 307, 308]) {
        const { port } = await receive(test, (response) => response.writeHead(status, { location }).end())
        const result = await post(port)
        assert.deepEqual(result, { kind: 'response', status, bodyExcerpt: '' })
      }
    }
    assert.equal(other.received.length, 0)
  })
})

describe('a receiver', WITHIN, () => {
  it('cannot make us read more than the excerpt', async (test) => {
    let written = 0
    let gone = (): void => {}
    const closed = new Promise<void>((resolve) => {
      gone = resolve
    })
    const { port } = await receive(test, (response) => {
      response.on('close', gone)
      const more = (): void => {
        while (!response.destroyed) {
          written += 65_536
          if (!response.write('x'.repeat(65_536))) break
        }
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    })
    const result = await post(port)
    assert.ok(result.kind === 'response')
    assert.deepEqual([result.status, result.bodyExcerpt], [200, 'x'.repeat(EXCERPT_BYTES)])
    await closed
    assert.ok(written < 32 * 2 ** 20, `${written} bytes were taken from us`)
  })

  it('cannot break a character in the excerpt', async (test) => {
    const { port } = await receive(test, (response) => response.end(`a${'é'.repeat(EXCERPT_BYTES)}`))
    const result = await post(port)
    assert.equal(result.kind === 'response' && result.bodyExcerpt, `a${'é'.repeat(EXCERPT_BYTES / 2 - 1)}`)
  })

  const SLOW = {
    'says nothing': () => {},
    'drips its headers': (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx: ')
      void drip(socket, 'x')
    },
    'sends interim answers for ever': (socket: Socket) => {
      void drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n')
    },
  }
  for (const [what, answer] of Object.entries(SLOW)) {
    it(`cannot hold us past the deadline when it ${what}`, async (test) => {
      const port = await receiveRaw(test, answer)
      const start = performance.now()
      const result = await post(port, { timeoutMs: 150 })
      assert.deepEqual(result, { kind: 'error', code: 'timeout', detail: 'no answer in time' })
      const elapsed = performance.now() - start
      assert.ok(elapsed > 140 && elapsed < 1000, `${elapsed} ms`)
    })
  }

  it('cannot hold us past the deadline with its body, and its status counts', async (test) => {
    const port = await receiveRaw(test, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
      void drip(socket, 'x')
    })
    const start = performance.now()
    const result = await post(port, { timeoutMs: 150 })
    assert.ok(performance.now() - start < 1000)
    assert.ok(result.kind === 'response' && result.status === 200)
    assert.match(result.bodyExcerpt, /^x+$/)
  })

  it('cannot hold us past the deadline with its name server', async () => {
    const start = performance.now()
    const result = await post(1, { timeoutMs: 100, resolve: () => new Promise(() => {}) })
    assert.equal(result.kind === 'error' && result.code, 'timeout')
    assert.ok(performance.now() - start < 1000)
  })

  const BROKEN = {
    'closes without an answer': ['', 'connection'],
    'breaks off in the status line': ['HTTP/1.1 2', 'connection'],
    'does not speak HTTP': ['220 mail.example ESMTP\r\n', 'protocol'],
    'answers with headers without end': [`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`, 'protocol'],
    'wants another protocol': ['HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'connection'],
  } as const
  for (const [what, [answer, code]] of Object.entries(BROKEN)) {
    it(`is an error and no exception when it ${what}`, async (test) => {
      const port = await receiveRaw(test, (socket) => socket.end(answer))
      const result = await post(port)
      assert.equal(result.kind === 'error' ? result.code : result.status, code)
    })
  }

  it('has answered when its body breaks off after the status', async (test) => {
    const port = await receiveRaw(test, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart', () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      )
    })
    assert.deepEqual(await post(port), { kind: 'response', status: 200, bodyExcerpt: 'part' })
  })

  it('is an error when it is not there, when its name is unknown, and when a header cannot be sent', async (test) => {
    const { port, received } = await receive(test, (response) => response.end())
    const dead = await post(1)
    assert.deepEqual(dead, { kind: 'error', code: 'connection', detail: 'ECONNREFUSED' })
    const unknown = await post(port, { resolve: async () => [] })
    assert.equal(unknown.kind === 'error' && unknown.code, 'dns')
    const header = await post(port, { headers: { 'x-bad': 'a\r\nx-injected: b' } })
    assert.equal(header.kind === 'error' && header.code, 'invalid_request')
    assert.equal(received.length, 0)
  })
})
