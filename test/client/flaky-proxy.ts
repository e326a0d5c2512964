/** A bad way to the API: a proxy on loopback that forwards, loses, cuts and refuses, as it is told or by chance. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/**
 * - `drop`: the connection ends before the request is seen. `lose`: the API does its work, and its answer never comes.
 * - `cut`: the answer ends in the middle of its body. `refuse`: 503 by something that is not the API.
 */
export type Fault = 'drop' | 'lose' | 'cut' | 'refuse' | 'none'

/** An answer that is shorter is cut in its last piece. */
const CUT_AFTER_BYTES = 700

export interface FlakyProxy {
  readonly url: string
  /** What was asked, in order, with the fault it met. */
  readonly seen: {
    readonly method: string
    readonly path: string
    readonly headers: IncomingMessage['headers']
    readonly fault: Fault
  }[]
  /** Faults of the next requests, one each. */
  next(...faults: Fault[]): void
  /** From now on, faults by a draw; a request without one in `next` gets what this returns. */
  otherwise(draw: () => Fault): void
  close(): void
}

export const startFlakyProxy = async (target: string): Promise<FlakyProxy> => {
  const planned: Fault[] = []
  const seen: FlakyProxy['seen'] = []
  let draw: () => Fault = () => 'none'
  const server = createServer((request, response) => {
    const fault = planned.shift() ?? draw()
    seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, fault })
    // What the fault breaks is told by the broken connection itself.
    forward(target, fault, request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    next: (...faults) => planned.push(...faults),
    otherwise: (drawFault) => {
      draw = drawFault
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const forward = async (
  target: string,
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  if (fault === 'drop') return void request.socket.destroy()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  if (fault === 'refuse')
    return void response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Unavailable</h1>')
  const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
  const answer = await fetch(target + request.url, {
    method: request.method ?? 'GET',
    headers: headers as Record<string, string>,
    redirect: 'manual',
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  })
  if (fault === 'lose') {
    await answer.arrayBuffer()
    return void request.socket.destroy()
  }
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  const write = (bytes: Uint8Array) => new Promise((done) => response.write(bytes, done))
  let sent = 0
  let held = new Uint8Array()
  for await (const chunk of answer.body ?? []) {
    const cutting = fault === 'cut'
    await write(held)
    const half = cutting ? Math.ceil(chunk.length / 2) : chunk.length
    await write(chunk.subarray(0, half))
    held = chunk.subarray(half)
    sent += chunk.length
    if (cutting && sent > CUT_AFTER_BYTES) break
  }
  if (fault === 'cut') return void request.socket.destroy()
  response.end()
}
