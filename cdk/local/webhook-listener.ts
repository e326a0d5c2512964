/** A receiver on loopback, as a client's own server would be: verifies what it gets with the standardwebhooks library. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { type GenerationEvent, generationEventSchema } from '../../shared/contract/event.ts'

export interface WebhookListener {
  readonly url: string
  /** Settles with the first delivery: the verified event, or the reason why it cannot be trusted. */
  readonly event: Promise<GenerationEvent>
  close(): void
}

/** @param secret asked for at each delivery; the account's `whsec_` secret. */
export const listenForWebhook = async (secret: string): Promise<WebhookListener> => {
  const { promise, resolve, reject } = Promise.withResolvers<GenerationEvent>()
  const server = createServer(async (request, response) => {
    try {
      const body = await textOf(request)
      // Throws unless id, timestamp and body carry a valid signature.
      new Webhook(secret).verify(body, request.headers as Record<string, string>)
      response.writeHead(204).end()
      resolve(generationEventSchema.parse(JSON.parse(body)))
    } catch (error) {
      response.writeHead(400).end()
      reject(error)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the listener has no port')
  // An unheard rejection must not end the process before the demo looks.
  promise.catch(() => {})
  return {
    url: `http://127.0.0.1:${address.port}/webhook`,
    event: promise,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
