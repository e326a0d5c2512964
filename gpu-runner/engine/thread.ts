/** A worker thread as a table of asynchronous calls: every call settles, also when the thread dies. */
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { ModelError } from './model-error.ts'
import { CLOSE, type ModelProtocol, type ModelReply } from './protocol.ts'

export interface ThreadOptions {
  /** The file the thread runs. */
  readonly entry: URL
  /** Called once when the thread dies by itself, after every pending call was rejected. */
  readonly onCrash: (error: ModelError) => void
}

export interface Thread {
  /**
   * Resolves with the thread's reply. Rejects with the ModelError that the thread sent, with `crashed` when it dies, or
   * with `closed`. Buffers in `transfer` move to the thread.
   */
  call<Name extends keyof ModelProtocol>(
    name: Name,
    body: ModelProtocol[Name]['request'],
    transfer?: readonly ArrayBuffer[],
  ): Promise<ModelProtocol[Name]['reply']>
  /** Calls that have not settled. */
  pending(): number
  /**
   * Rejects pending calls with `why`, lets the graph that runs come to its end, and ends the thread. A second close
   * waits for the same end. Close before the process exits: see `close` below. @param why `closed` unless said.
   */
  close(why?: ModelError): Promise<void>
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: ModelError) => void
}

export function startThread({ entry, onCrash }: ThreadOptions): Thread {
  // What the thread says to native code (pack/without-telemetry.ts) it says in the environment of the process.
  const worker = new Worker(entry, { env: SHARE_ENV })
  const pending = new Map<number, Pending>()
  let lastId = 0
  let over: ModelError | undefined

  function finish(error: ModelError): boolean {
    if (over !== undefined) return false
    over = error
    for (const call of pending.values()) call.reject(error)
    pending.clear()
    return true
  }
  function crash(message: string, cause?: unknown): void {
    const error = new ModelError('crashed', message, { cause })
    if (finish(error)) onCrash(error)
  }

  worker.on('message', (reply: ModelReply) => {
    const call = pending.get(reply.id)
    pending.delete(reply.id)
    if ('fault' in reply) call?.reject(new ModelError(reply.fault, reply.message))
    else call?.resolve(reply.value)
  })
  worker.on('error', (cause) =>
    crash(`the model thread died: ${cause instanceof Error ? cause.message : cause}`, cause),
  )
  worker.on('messageerror', (cause) => crash(`the model thread sent what cannot be read: ${cause.message}`, cause))
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      crash(`the model thread ended by itself with code ${code}`)
      resolve()
    })
  })

  return {
    call: (name, body, transfer = []) =>
      new Promise((resolve, reject) => {
        if (over !== undefined) return reject(over)
        const id = ++lastId
        pending.set(id, { resolve: resolve as Pending['resolve'], reject })
        try {
          worker.postMessage({ id, name, body }, transfer)
        } catch (cause) {
          pending.delete(id)
          reject(new ModelError('request', 'this cannot be sent to the model thread', { cause }))
        }
      }),
    pending: () => pending.size,
    // Never worker.terminate(): inside a native call it aborts the whole process (Napi::Error, seen with onnxruntime 1.30).
    close: (why = new ModelError('closed', 'the model was closed')) => {
      if (finish(why)) worker.postMessage(CLOSE)
      return ended
    },
  }
}
