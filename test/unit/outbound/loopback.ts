/** Receivers on 127.0.0.1 with a free port, for as long as one test. */
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server as NetServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GuardedPost, postGuarded } from '../../../shared/outbound/post-guarded.ts'

export const LOOPBACK = { allowHttp: true, allowedCidrs: ['127.0.0.0/8'] }
/** Nothing outside this process knows the name, so a connection proves that the answer given here was used. */
export const RECEIVER = 'receiver.invalid'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Listens, closes with the test, answers the port. */
export async function listen(test: TestContext, server: Server | HttpsServer | NetServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  test.after(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** An HTTP receiver that records each whole request and answers as told. */
export async function receive(test: TestContext, answer: (response: ServerResponse) => void) {
  const received: Received[] = []
  const server = createHttpServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      answer(response)
    })
  })
  return { port: await listen(test, server), received }
}

/** A receiver that speaks raw bytes once the request has begun to arrive. */
export async function receiveRaw(test: TestContext, answer: (socket: Socket) => void): Promise<number> {
  return listen(
    test,
    createTcpServer((socket) => {
      socket.once('data', () => answer(socket))
    }),
  )
}

/** Writes one byte at a time until the other side has gone. */
export async function drip(socket: Socket, byte: string): Promise<void> {
  while (!socket.destroyed) {
    socket.write(byte)
    await sleep(10)
  }
}

/** Posts to RECEIVER, which resolves to 127.0.0.1 unless told otherwise. */
export function post(port: number, options: Partial<GuardedPost> = {}) {
  return postGuarded({
    url: `http://${RECEIVER}:${port}/hook`,
    headers: { 'content-type': 'application/json' },
    body: '{}',
    timeoutMs: 2000,
    policy: LOOPBACK,
    resolve: async () => ['127.0.0.1'],
    ...options,
  })
}
