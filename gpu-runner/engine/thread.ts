/** A worker thread as a table of asynchronous calls: every call settles, also when the thread dies. */
import './compile-soon.ts'
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { ModelError } from './model-error.ts'
import { createPeer, type Handlers, type Peer } from './peer.ts'
import type { ModelProtocol, OwnerProtocol } from './protocol.ts'

export interface ThreadOptions {
  /** The file the thread runs. */
  readonly entry: URL
  /** What the thread may ask of its owner. */
  readonly handlers: Handlers<OwnerProtocol>
  /** Called once when the thread dies by itself, after every pending call was rejected. */
  readonly onCrash: (error: ModelError) => void
}

/** `call` rejects with `crashed` once the thread has died, and with `closed` once it was closed. */
export interface Thread extends Pick<Peer<ModelProtocol>, 'call'> {
  /**
   * Rejects pending calls with `why`, lets the graph that runs come to its end, and ends the thread. A second close
   * waits for the same end. Close before the process exits: see `close` below. @param why `closed` unless said.
   */
  close(why?: ModelError): Promise<void>
}

export function startThread({ entry, handlers, onCrash }: ThreadOptions): Thread {
  // What the thread says to native code (pack/without-telemetry.ts) it says in the environment of the process.
  const worker = new Worker(entry, { env: SHARE_ENV, resourceLimits: { maxYoungGenerationSizeMb: 4 } })
  const peer = createPeer<OwnerProtocol, ModelProtocol>(worker, { handlers, faultOf: () => 'outside' })

  function crash(message: string, cause?: unknown): void {
    const error = new ModelError('crashed', message, { cause })
    if (peer.fail(error)) onCrash(error)
  }

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
    call: peer.call,
    // Never worker.terminate(): inside a native call it aborts the whole process (Napi::Error, seen with onnxruntime 1.30).
    close: (why = new ModelError('closed', 'the model was closed')) => {
      peer.fail(why)
      peer.tell('close', undefined)
      return ended
    },
  }
}
