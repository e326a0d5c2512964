/**
 * A proxy in front of an AWS emulator that is as bad as a network can be: late, hanging, refusing before the act, silent
 * after it (the worst: it was done, and nobody knows), and saying things twice.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../cdk/simulate/random.ts'

export const FAULTS = ['late', 'refused', 'unanswered', 'hung', 'twice'] as const
export type Fault = (typeof FAULTS)[number]

export interface FaultyProxy {
  readonly url: string
  /** Share of requests that meet a fault; 0 heals it. */
  setRate(rate: number): void
  readonly counts: Readonly<Record<Fault, number>>
  close(): Promise<void>
}

const LATE_MS = 1500
const HUNG_MS = 4000

/** @param repeats whether a request may be sent on twice: a message is, a conditional write would be told of its own conflict. */
export const startFaultyProxy = async (
  target: string,
  { random, repeats }: { random: Random; repeats: boolean },
): Promise<FaultyProxy> => {
  const counts: Record<Fault, number> = { late: 0, refused: 0, unanswered: 0, hung: 0, twice: 0 }
  let rate = 0
  const draw = (incoming: IncomingMessage): Fault | undefined => {
    if (random() >= rate) return undefined
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]
    const message = String(incoming.headers['x-amz-target']).endsWith('.SendMessage')
    return fault === 'twice' && !(repeats && message) ? undefined : fault
  }
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const fault = draw(incoming)
    if (fault !== undefined) counts[fault]++
    if (fault === 'late') await sleep(random() * LATE_MS)
    if (fault === 'refused') return void outgoing.writeHead(503).end()
    if (fault === 'hung') {
      await sleep(random() * HUNG_MS)
      return void outgoing.destroy()
    }
    if (fault === 'twice') await forward(target, incoming, body).then(drain)
    const answer = await forward(target, incoming, body)
    if (fault === 'unanswered') {
      await drain(answer)
      return void outgoing.destroy()
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  }
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    setRate: (to) => {
      rate = to
    },
    counts,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** As it came, host included: the signature covers it. */
const forward = (target: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target)
    const sent = request({ hostname, port, method, path: url, headers, agent: false }, resolve)
    sent.once('error', reject)
    sent.end(body)
  })

const drain = async (answer: IncomingMessage): Promise<void> => {
  for await (const _ of answer);
}
