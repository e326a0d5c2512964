/** The threads of one model as one: each has the pack's graphs, so that as many batches run at once as there are threads. */
import { MessageChannel, type Transferable } from 'node:worker_threads'
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { ModelError } from './model-error.ts'
import type { ModelProtocol, Sibling } from './protocol.ts'
import { startThread, type Thread, type ThreadOptions } from './thread.ts'

export interface Threads extends Thread {
  /** Opens the pack in each, and lets them share their rows. */
  open(request: Omit<ModelProtocol['open']['request'], 'loads' | 'at' | 'siblings' | 'sessions'>): Promise<PackManifest>
  /** As `call`, of every thread; resolves with the first one's reply when all have replied. */
  callAll<Name extends keyof ModelProtocol>(
    name: Name,
    body: ModelProtocol[Name]['request'],
  ): Promise<ModelProtocol[Name]['reply']>
}

/** `call` goes to the thread with the fewest calls. When one dies the others are ended, and all that is pending rejects with `crashed`. */
export function startThreads(count: number, { onCrash, ...options }: ThreadOptions): Threads {
  /** Calls that each thread has to answer. */
  const calls = Array.from({ length: count }, () => 0)
  /** The same for the threads, who add what they ask of each other, and take off what waits for something else than their graphs. */
  const loads = new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
  let crashed = false
  const threads = Array.from({ length: count }, () => startThread({ ...options, onCrash: crash }))

  function crash(error: ModelError): void {
    if (crashed) return
    crashed = true
    for (const thread of threads) void thread.close(error)
    onCrash(error)
  }
  async function callOne<Name extends keyof ModelProtocol>(
    at: number,
    [name, body, transfer]: readonly [Name, ModelProtocol[Name]['request'], (readonly Transferable[] | undefined)?],
  ): Promise<ModelProtocol[Name]['reply']> {
    const count = (by: number) => {
      calls[at] = (calls[at] as number) + by
      Atomics.add(loads, at, by)
    }
    count(1)
    try {
      return await (threads[at] as Thread).call(name, body, transfer)
    } finally {
      count(-1)
    }
  }

  return {
    open: async (request) => {
      const siblings = connect(count)
      const replies = await Promise.all(
        siblings.map((mine, at) =>
          callOne(at, [
            'open',
            { ...request, sessions: count, loads, at, siblings: mine },
            mine.map(({ port }) => port),
          ]),
        ),
      )
      return replies[0] as PackManifest
    },
    call: (...request) => callOne(calls.indexOf(Math.min(...calls)), request),
    callAll: async (name, body) => {
      const replies = await Promise.all(threads.map((_, at) => callOne(at, [name, body])))
      return replies[0] as (typeof replies)[number]
    },
    close: async (why) => {
      await Promise.all(threads.map((thread) => thread.close(why)))
    },
  }
}

/** For each thread its ends of channels to all the others. */
function connect(count: number): Sibling[][] {
  const siblings = Array.from({ length: count }, (): Sibling[] => [])
  for (const [one, ofOne] of siblings.entries())
    for (const [other, ofOther] of siblings.entries()) {
      if (other <= one) continue
      const { port1, port2 } = new MessageChannel()
      ofOne.push({ at: other, port: port1 })
      ofOther.push({ at: one, port: port2 })
    }
  return siblings
}
