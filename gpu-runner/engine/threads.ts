/** The threads of one model as one: each has the pack's graphs, so that as many batches run at once as there are threads. */
import type { ModelError } from './model-error.ts'
import type { ModelProtocol } from './protocol.ts'
import { startThread, type Thread, type ThreadOptions } from './thread.ts'

export interface Threads extends Pick<Thread, 'call' | 'close'> {
  /** As `call`, of every thread; resolves with the first one's reply when all have replied. */
  callAll<Name extends keyof ModelProtocol>(
    name: Name,
    body: ModelProtocol[Name]['request'],
  ): Promise<ModelProtocol[Name]['reply']>
}

/** `call` goes to the thread with the fewest calls. When one dies the others are ended, and all that is pending rejects with `crashed`. */
export function startThreads(count: number, { entry, onCrash }: ThreadOptions): Threads {
  let crashed = false
  const threads = Array.from({ length: count }, () => startThread({ entry, onCrash: crash }))

  function crash(error: ModelError): void {
    if (crashed) return
    crashed = true
    for (const thread of threads) void thread.close(error)
    onCrash(error)
  }

  return {
    call: (...request) =>
      threads.reduce((least, one) => (one.pending() < least.pending() ? one : least)).call(...request),
    callAll: async (name, body) => {
      const replies = await Promise.all(threads.map((thread) => thread.call(name, body)))
      return replies[0] as (typeof replies)[number]
    },
    close: async (why) => {
      await Promise.all(threads.map((thread) => thread.close(why)))
    },
  }
}
