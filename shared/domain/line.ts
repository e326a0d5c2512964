/** The line in which an account's generations of one priority stand: those whose message was sent, and those that wait. */
import { DEFAULT_PRIORITY, PRIORITIES, type Priority } from '../contract/priority.ts'

/** What a hold says of its generation. */
export interface InLine {
  /** Standard unless said. */
  readonly priority?: Priority
  readonly waits?: true
}

/** How many more may be sent at once: none past one that waits, for it came first. */
export const freePlaces = (line: readonly Pick<InLine, 'waits'>[], messagesAtOnce: number): number =>
  line.some(({ waits }) => waits === true) ? 0 : Math.max(0, messagesAtOnce - line.length)

/** Most that are sent in one go; each that ends sends more. */
const MOST = 25

/** Those whose turn it is, by generation id, oldest first: ids begin with their time. */
export const nextInLine = (
  holds: Readonly<Record<string, InLine>>,
  messagesAtOnce: number,
): { readonly generationId: string; readonly priority: Priority }[] =>
  PRIORITIES.flatMap((priority) => {
    const line = Object.entries(holds).filter(([, hold]) => (hold.priority ?? DEFAULT_PRIORITY) === priority)
    const waiting = line.flatMap(([generationId, { waits }]) => (waits === true ? [generationId] : [])).toSorted()
    const free = Math.min(MOST, messagesAtOnce - (line.length - waiting.length))
    return waiting.slice(0, Math.max(0, free)).map((generationId) => ({ generationId, priority }))
  })
