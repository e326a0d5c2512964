/** The streaming function as the cloud calls it: its handler, with the runtime's own stream in the place of a socket. */
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { generationSchema } from '../../shared/contract/generation.ts'
import { type Edge, startEdge } from './edge.ts'
import { createRunner } from './work.ts'

interface Prelude {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
}

describe('the streaming function', () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  /** What Lambda's runtime offers to handlers that stream. */
  const runtime = (preludes: Prelude[]) => ({
    streamifyResponse: (handler: unknown) => handler,
    HttpResponseStream: {
      from: (stream: Writable, prelude: Prelude) => {
        preludes.push(prelude)
        return stream
      },
    },
  })
  const functionUrlEvent = (path: string, headers: Record<string, string>) => ({
    version: '2.0',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'events.example', ...headers },
    requestContext: { http: { method: 'GET', path, sourceIp: '127.0.0.1' }, domainName: 'events.example' },
    isBase64Encoded: false,
  })

  test('answers with the events of an ended search, and with problems', async () => {
    const preludes: Prelude[] = []
    Object.assign(globalThis, { awslambda: runtime(preludes) })
    // biome-ignore lint/style/noProcessEnv: the function reads its settings where the cloud puts them
    Object.assign(process.env, edge.environment)
    const { handler } = (await import('../../functions/events/lambda.ts')) as unknown as {
      handler: (event: object, stream: Writable, context: object) => Promise<void>
    }
    const call = async (path: string, headers: Record<string, string>) => {
      let text = ''
      const stream = new Writable({
        write: (chunk: Buffer, _, done) => {
          text += chunk.toString()
          done()
        },
      })
      await handler(functionUrlEvent(path, headers), stream, {})
      const prelude = preludes.pop()
      assert.ok(prelude)
      return { ...prelude, text }
    }

    const account = await edge.openAccount()
    const body = { prompt: 'seven balloons and four bears', nfe_budget: 20 }
    const created = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    const { id } = generationSchema.parse(await created.json())
    await createRunner(edge).work({ accountId: account.id, generationId: id })

    const authorization = `Bearer ${account.apiKey}`
    const watched = await call(`/v1/generations/${id}/events`, { authorization })
    assert.equal(watched.statusCode, 200)
    assert.match(watched.headers['content-type'] ?? '', /^text\/event-stream/)
    for (const name of ['connection', 'transfer-encoding']) assert.equal(watched.headers[name], undefined)
    assert.match(watched.text, /event: progress\n/)
    assert.match(watched.text, /event: ended\n[\s\S]*id: end\n\n$/)

    const seen = await call(`/v1/generations/${id}/events`, { authorization, 'last-event-id': 'end' })
    assert.deepEqual([seen.statusCode, seen.text], [204, ''])
    const stranger = await call(`/v1/generations/${id}/events`, {})
    assert.equal(stranger.statusCode, 401)
    assert.equal(JSON.parse(stranger.text).code, 'unauthorized')
  })
})
