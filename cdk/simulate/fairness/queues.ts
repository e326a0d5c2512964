/** How waiting generations are dealt out: three ways, one of which is the service's own. */
import { type FleetReading, messagesAtOnce } from '../../../shared/domain/admission.ts'
import { freePlaces, type InLine, isNoted, nextInLine } from '../../../shared/domain/line.ts'

export interface Generation {
  readonly id: string
  readonly account: string
  readonly at: number
  readonly nfe: number
}

export interface Queue {
  add(generation: Generation): void
  take(): Generation | undefined
  /** One that was taken has ended. */
  end(generation: Generation): void
}

/** In the order they came, whoever asked. */
export const inOrder = (): Queue => {
  const messages: Generation[] = []
  return { add: (generation) => void messages.push(generation), take: () => messages.shift(), end: () => undefined }
}

/** Between accounts in turn: what would be fair, were there no messages on the way. */
export const inTurn = (): Queue => {
  const lines = new Map<string, Generation[]>()
  return {
    add: (generation) => {
      const line = lines.get(generation.account) ?? []
      lines.set(generation.account, [...line, generation])
    },
    take: () => {
      const [next] = lines
      if (next === undefined) return undefined
      const [account, [first, ...rest]] = next
      // To the end of the turns, if there is more.
      lines.delete(account)
      if (rest.length > 0) lines.set(account, rest)
      return first
    },
    end: () => undefined,
  }
}

/**
 * The service: messages in the order they were sent, and an account sends no more than its share, as the last reading has it.
 * Decided by the code that edge and runner decide by.
 */
export const asServed = (reading: () => FleetReading): Queue => {
  const messages: Generation[] = []
  const holds = new Map<string, Record<string, InLine>>()
  const asked = new Map<string, Generation>()
  const sendNext = (account: string) => {
    const line = holds.get(account) ?? {}
    for (const { generationId } of nextInLine(line, messagesAtOnce(reading()))) {
      const generation = asked.get(generationId)
      if (generation === undefined) throw new Error(`${generationId} waits and was not asked for`)
      line[generationId] = {}
      asked.delete(generationId)
      messages.push(generation)
    }
  }
  return {
    add: (generation) => {
      const { id, account } = generation
      const line = holds.get(account) ?? {}
      holds.set(account, line)
      const free = freePlaces(Object.values(line), messagesAtOnce(reading()))
      line[id] = free > 0 ? {} : { waits: true }
      if (free > 0) messages.push(generation)
      else asked.set(id, generation)
    },
    take: () => {
      const taken = messages.shift()
      if (taken === undefined) return undefined
      const line = holds.get(taken.account) ?? {}
      if (isNoted(line, { messagesAtOnce: messagesAtOnce(reading()) })) {
        line[taken.id] = { at_work: true }
        sendNext(taken.account)
      }
      return taken
    },
    end: ({ id, account }) => {
      const line = holds.get(account) ?? {}
      delete line[id]
      sendNext(account)
    },
  }
}
