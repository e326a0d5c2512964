/** A webhook receiver that refuses or hangs now and then, and keeps what came, by account. */
import { createServer } from 'node:http'
import type { Random } from '../../cdk/simulate/random.ts'

/** An event that was taken with a 2xx. */
export interface Taken {
  readonly type: string
  /** Of the generation or batch. */
  readonly id: string
  /** How it says that a generation ended. */
  readonly end: string
}

export interface ChaosReceiver {
  /** Where an account's events go: those of requests, and those of its endpoint. */
  url(account: number, what: 'request' | 'endpoint'): string
  /** By the path that they came to. */
  readonly taken: ReadonlyMap<string, readonly Taken[]>
  readonly faults: () => number
  close(): Promise<void>
}

/** Only the first attempt of an event may meet a fault: the next but one is five minutes away. */
export const startReceiver = async (random: Random, faultRate: number): Promise<ChaosReceiver> => {
  const taken = new Map<string, Taken[]>()
  const seen = new Set<string>()
  let faults = 0
  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url ?? ''
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const attempt = `${path} ${incoming.headers['webhook-id']}`
    const first = !seen.has(attempt)
    seen.add(attempt)
    if (first && random() < faultRate) {
      faults++
      if (random() < 0.3) return
      return void outgoing.writeHead(500).end()
    }
    const list = taken.get(path) ?? []
    taken.set(path, list)
    list.push(read(Buffer.concat(chunks).toString()))
    outgoing.writeHead(204).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  return {
    url: (account, what) => `http://127.0.0.1:${address.port}${pathOf(account, what)}`,
    taken,
    faults: () => faults,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

export const pathOf = (account: number, what: 'request' | 'endpoint'): string => `/${account}/${what}`

const read = (body: string): Taken => {
  const { type, data } = JSON.parse(body) as {
    type: string
    data: { id: string; status?: string; usage?: { nfe_used: number } }
  }
  return { type, id: data.id, end: `${data.status} ${data.usage?.nfe_used}` }
}
