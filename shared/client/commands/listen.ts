/** rollover webhooks listen: a receiver on this machine that verifies what comes, shows it, and hands it on where asked. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { verifyWebhook } from '../verify-webhook.ts'
import { type Command, EXIT, show, type Terminal } from './command.ts'
import { EVENT_OPTION, eventsOf } from './event-filter.ts'

const MAX_BODY_BYTES = 64 * 1024
const HEADERS = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'] as const

export const listen: Command = {
  words: 'webhooks listen',
  summary: 'Receive events on this machine, verify and show them, until Ctrl-C',
  options: {
    port: { type: 'string', value: 'N', summary: 'port on loopback (any free one)' },
    url: { type: 'string', value: 'URL', summary: 'public address that leads to the port, such as a tunnel' },
    event: EVENT_OPTION,
    forward: { type: 'string', value: 'URL', summary: 'hand each verified event on to this address' },
    count: { type: 'string', value: 'N', summary: 'end after so many events' },
  },
  run: async (terminal, given) => {
    const events = eventsOf(given.texts('event'))
    const client = await terminal.client()
    const server = createServer()
    server.listen(given.number('port') ?? 0, '127.0.0.1')
    await once(server, 'listening')
    const url = given.text('url') ?? addressOf(server)
    let made: { readonly id: string; readonly secret: string } | undefined
    try {
      // Its own endpoint with its own secret, for as long as it listens: nothing that is set up is touched.
      const filter = events.length > 0 ? { events } : {}
      made = await client.webhookEndpoints.create({ url, description: 'rollover webhooks listen', ...filter })
      if (!terminal.json) terminal.note(`${made.id} sends to ${url}; Ctrl-C ends it`)
      await receive(terminal, server, {
        secret: made.secret,
        forward: given.text('forward'),
        count: given.number('count'),
      })
    } finally {
      server.closeAllConnections()
      server.close()
      // Not under the terminal's signal: after Ctrl-C it is aborted.
      if (made !== undefined) await client.webhookEndpoints.delete(made.id, { signal: AbortSignal.timeout(5000) })
    }
    return EXIT.ok
  },
}

interface Receiver {
  readonly secret: string
  readonly forward: string | undefined
  readonly count: number | undefined
}

/** Resolves after `count` events, or at Ctrl-C, which is how it usually ends. */
const receive = (terminal: Terminal, server: Server, on: Receiver): Promise<void> =>
  new Promise((resolve) => {
    let received = 0
    terminal.signal.addEventListener('abort', () => resolve(), { once: true })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void answer(terminal, on, request)
        .catch((error: unknown) => {
          terminal.note(`refused: ${error instanceof Error ? error.message : error}`)
          return 400
        })
        .then((status) => {
          response.writeHead(status).end()
          if (status < 300 && ++received === on.count) response.once('close', () => resolve())
        })
    })
  })

/** The status for the sender: 204, or that of who it was forwarded to. Rejects where the signature does not hold. */
const answer = async (terminal: Terminal, on: Receiver, request: IncomingMessage): Promise<number> => {
  const body = await textOf(request)
  const event = verifyWebhook<{ type: string; timestamp: string; data: { id?: string; status?: string } }>({
    body,
    headers: request.headers,
    secret: on.secret,
  })
  const shown = { webhook_id: request.headers['webhook-id'], verified: true, ...event }
  show(terminal, shown, () => [`${event.timestamp}  ${event.type}  ${event.data.id ?? ''}  (signature verified)`])
  if (on.forward === undefined) return 204
  const headers = Object.fromEntries(HEADERS.map((name) => [name, String(request.headers[name] ?? '')]))
  const forwarded = await fetch(on.forward, { method: 'POST', body, headers, redirect: 'manual' }).catch(
    () => undefined,
  )
  await forwarded?.body?.cancel()
  terminal.note(forwarded === undefined ? `${on.forward} did not answer` : `${on.forward} answered ${forwarded.status}`)
  return forwarded?.status ?? 502
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error('the body is larger than any event')
  }
  return Buffer.concat(chunks).toString('utf8')
}

const addressOf = (server: Server): string => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  return `http://127.0.0.1:${address.port}/`
}
