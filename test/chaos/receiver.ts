/** A webhook receiver that refuses or hangs now and then, and counts which events came. */
import { createServer } from 'node:http'
import type { Random } from '../../cdk/simulate/random.ts'

export interface ChaosReceiver {
  readonly url: string
  /** Generation id -> how often its end was taken with a 2xx. */
  readonly taken: ReadonlyMap<string, number>
  readonly faults: () => number
  close(): Promise<void>
}

/** Only the first attempt of an event may meet a fault: the next but one is five minutes away. */
export const startReceiver = async (random: Random, faultRate: number): Promise<ChaosReceiver> => {
  const taken = new Map<string, number>()
  const seen = new Set<string>()
  let faults = 0
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: { id: string } }
    const first = !seen.has(data.id)
    seen.add(data.id)
    if (first && random() < faultRate) {
      faults++
      if (random() < 0.3) return
      return void outgoing.writeHead(500).end()
    }
    taken.set(data.id, (taken.get(data.id) ?? 0) + 1)
    outgoing.writeHead(204).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  return {
    url: `http://127.0.0.1:${address.port}/hook`,
    taken,
    faults: () => faults,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
