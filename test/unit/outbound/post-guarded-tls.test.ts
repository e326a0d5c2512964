import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { listen, post, RECEIVER, receiveRaw } from './loopback.ts'
import { selfSigned } from './self-signed.ts'

async function receiveTls(test: TestContext, certifiedName: string) {
  const seen: { host: string | undefined; sni: unknown }[] = []
  const { key, cert } = selfSigned(certifiedName)
  const server = createServer({ key, cert }, (request, response) => {
    seen.push({ host: request.headers.host, sni: (request.socket as TLSSocket).servername })
    response.end('ok')
  })
  const port = await listen(test, server)
  return { port, cert, seen }
}

// So that waiting for ever is a failure and not a hang.
describe('a post over TLS', { timeout: 5000 }, () => {
  it('connects to the checked address but keeps the name in Host, SNI and certificate', async (test) => {
    const { port, cert, seen } = await receiveTls(test, RECEIVER)
    setDefaultCACertificates([cert])
    test.after(() => setDefaultCACertificates([]))
    const result = await post(port, { url: `https://${RECEIVER}:${port}/` })
    assert.deepEqual(result, { kind: 'response', status: 200, bodyExcerpt: 'ok' })
    assert.deepEqual(seen, [{ host: `${RECEIVER}:${port}`, sni: RECEIVER }])
    const rooted = await post(port, { url: `https://${RECEIVER}.:${port}/` })
    assert.equal(rooted.kind, 'response')
    assert.equal(seen[1]?.sni, RECEIVER, 'RFC 6066: no trailing dot')
  })

  it('sends nothing to a server whose certificate is for another name', async (test) => {
    const { port, cert, seen } = await receiveTls(test, 'other.invalid')
    setDefaultCACertificates([cert])
    test.after(() => setDefaultCACertificates([]))
    const result = await post(port, { url: `https://${RECEIVER}:${port}/` })
    assert.deepEqual(result, { kind: 'error', code: 'tls', detail: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    assert.deepEqual(seen, [])
  })

  it('sends nothing to a server whose certificate nobody trusts', async (test) => {
    const { port, seen } = await receiveTls(test, RECEIVER)
    const result = await post(port, { url: `https://${RECEIVER}:${port}/` })
    assert.deepEqual(result, { kind: 'error', code: 'tls', detail: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    assert.deepEqual(seen, [])
  })

  it('reports a server that does not speak TLS as a TLS error', async (test) => {
    for (const answer of ['HTTP/1.1 400 Bad Request\r\n\r\n', '']) {
      const port = await receiveRaw(test, (socket) => socket.end(answer))
      const result = await post(port, { url: `https://${RECEIVER}:${port}/` })
      assert.equal(result.kind === 'error' && result.code, 'tls')
    }
  })

  it('ends in time when the handshake never does', async (test) => {
    const port = await receiveRaw(test, () => {})
    const result = await post(port, { url: `https://${RECEIVER}:${port}/`, timeoutMs: 100 })
    assert.equal(result.kind === 'error' && result.code, 'timeout')
  })
})
