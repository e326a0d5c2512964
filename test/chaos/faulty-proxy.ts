/**
 * A proxy in front of an AWS emulator that is as bad as a network can be: late, hanging, refusing before the act, silent
 * after it (the worst: it was done, and nobody knows), saying things twice, and keeping messages back.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { between, type Random } from '../../cdk/simulate/random.ts'

export const FAULTS = ['late', 'refused', 'unanswered', 'hung', 'silent', 'twice', 'delayed'] as const
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
const DELAY_SECONDS = [1, 20] as const
/** These are for messages: a conditional write said twice would be told of its own conflict. */
const OF_MESSAGES: ReadonlySet<Fault> = new Set(['twice', 'delayed'])

export const startFaultyProxy = async (target: string, random: Random): Promise<FaultyProxy> => {
  const counts = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>
  let rate = 0
  const draw = ({ headers }: IncomingMessage): Fault | undefined => {
    if (random() >= rate) return undefined
    const message = String(headers['x-amz-target']).endsWith('.SendMessage')
    const possible = FAULTS.filter((fault) => message || !OF_MESSAGES.has(fault))
    return possible[Math.floor(random() * possible.length)]
  }
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    let body: Buffer = Buffer.concat(chunks)
    const fault = draw(incoming)
    if (fault !== undefined) counts[fault]++
    switch (fault) {
      case 'late':
        await sleep(random() * LATE_MS)
        break
      case 'refused':
        return void outgoing.writeHead(503).end()
      case 'hung':
        await sleep(random() * HUNG_MS)
        return void outgoing.destroy()
      case 'silent':
        // Never an answer, and never an end: whoever asked must give it up.
        return
      case 'twice':
        await forward(target, incoming, body).then(drain)
        break
      case 'delayed':
        body = delayed(body, Math.round(between(random, DELAY_SECONDS)))
        break
    }
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

/** The same message, to be seen later. */
const delayed = (body: Buffer, DelaySeconds: number): Buffer =>
  Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), DelaySeconds }))

/** As it came, host included: the signature covers it. */
const forward = (target: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target)
    const length = headers['content-length'] === undefined ? {} : { 'content-length': body.length }
    const sent = request(
      { hostname, port, method, path: url, headers: { ...headers, ...length }, agent: false },
      resolve,
    )
    sent.once('error', reject)
    sent.end(body)
  })

const drain = async (answer: IncomingMessage): Promise<void> => {
  for await (const _ of answer);
}
