/** A webhook receiver on loopback that keeps what it got and answers as told. */
import { once } from 'node:events'
import { createServer } from 'node:http'

export interface ReceivedWebhook {
  readonly headers: Record<string, string>
  readonly body: string
}

export interface WebhookReceiver {
  readonly url: string
  readonly received: ReceivedWebhook[]
  /** Status of every answer from now on. */
  answer: number
  close(): void
}

export const startReceiver = async (): Promise<WebhookReceiver> => {
  const received: ReceivedWebhook[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString('utf8') })
    response.writeHead(receiver.answer).end(`answered ${receiver.answer}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    answer: 204,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return receiver
}
