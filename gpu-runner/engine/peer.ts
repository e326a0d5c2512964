/** Two ends of a port: to each the other is a table of asynchronous functions. Every call settles, also when the other end dies. */
import type { Transferable } from 'node:worker_threads'
import { ModelError, type ModelFault } from './model-error.ts'

/** Reads as: what is asked under each name, and what comes back. */
export type Protocol = Record<string, { request: unknown; reply: unknown }>

export type Handlers<Asked extends Protocol> = {
  readonly [Name in keyof Asked]: (request: Asked[Name]['request']) => Promise<Handled<Asked[Name]['reply']>>
}

export interface Handled<Value> {
  readonly value: Value
  /** Move to the other end instead of being copied. */
  readonly transfer?: readonly Transferable[]
}

/** What both a thread and a message port have. */
export interface Port {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

export interface PeerOptions<Asked extends Protocol> {
  /** What this end answers. */
  readonly handlers: Handlers<Asked>
  /** As what an error of a handler reaches the other end. */
  readonly faultOf: (error: unknown) => ModelFault
}

export interface Peer<Theirs extends Protocol> {
  /** Resolves with the other end's reply. Rejects with a ModelError: its own, or what `fail` was given. */
  call<Name extends keyof Theirs>(
    name: Name,
    body: Theirs[Name]['request'],
    transfer?: readonly Transferable[],
  ): Promise<Theirs[Name]['reply']>
  /** As `call`, with nothing to come back. */
  tell<Name extends keyof Theirs>(name: Name, body: Theirs[Name]['request'], transfer?: readonly Transferable[]): void
  /** Rejects what is pending and all that is called from now on. False when it has failed before. */
  fail(error: ModelError): boolean
}

interface Request {
  /** 0 where no reply is wanted. */
  readonly id: number
  readonly name: string
  readonly body: unknown
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: ModelFault; readonly message: string }

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: ModelError) => void
}

export function createPeer<Mine extends Protocol, Theirs extends Protocol>(
  port: Port,
  { handlers, faultOf }: PeerOptions<Mine>,
): Peer<Theirs> {
  const pending = new Map<number, Pending>()
  let lastId = 0
  let over: ModelError | undefined

  async function answer({ id, name, body }: Request): Promise<void> {
    try {
      const { value, transfer = [] } = await (handlers[name] as Handlers<Protocol>[string])(body)
      if (id > 0) port.postMessage({ id, value }, transfer)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (id > 0) port.postMessage({ id, fault: faultOf(error), message })
    }
  }

  port.on('message', (message) => {
    const said = message as Request | Reply
    if ('name' in said) return void answer(said)
    const call = pending.get(said.id)
    pending.delete(said.id)
    if ('fault' in said) call?.reject(new ModelError(said.fault, said.message))
    else call?.resolve(said.value)
  })

  return {
    call: (name, body, transfer = []) =>
      new Promise((resolve, reject) => {
        if (over !== undefined) return reject(over)
        const id = ++lastId
        pending.set(id, { resolve: resolve as Pending['resolve'], reject })
        try {
          port.postMessage({ id, name, body }, transfer)
        } catch (cause) {
          pending.delete(id)
          reject(new ModelError('request', 'this cannot be sent to the model thread', { cause }))
        }
      }),
    tell: (name, body, transfer = []) => port.postMessage({ id: 0, name, body }, transfer),
    fail: (error) => {
      if (over !== undefined) return false
      over = error
      for (const call of pending.values()) call.reject(error)
      pending.clear()
      return true
    },
  }
}
