/**
 * The line in which an account's generations of one priority stand: those whose message was sent and that have not begun, and
 * those that wait. Who has begun is out of it, so that accounts take turns whatever each has at work.
 */
import { DEFAULT_PRIORITY, PRIORITIES, type Priority } from '../contract/priority.ts'

/** What a hold says of its generation. */
export interface InLine {
  /** Standard unless said. */
  readonly priority?: Priority
  readonly waits?: true
  /** It has begun: its message stands in nobody's way any more. */
  readonly at_work?: true
}

const isQueued = ({ waits, at_work }: InLine): boolean => waits !== true && at_work !== true

/** How many more may be sent at once: none past one that waits, for it came first. */
export const freePlaces = (line: readonly InLine[], messagesAtOnce: number): number =>
  line.some(({ waits }) => waits === true) ? 0 : Math.max(0, messagesAtOnce - line.filter(isQueued).length)

/**
 * Whether one that begins is to be noted: where its account has as much as half of the messages that it may have. Below that
 * nobody waits, and a write is spared.
 */
export const isNoted = (
  holds: Readonly<Record<string, InLine>>,
  { priority = DEFAULT_PRIORITY, messagesAtOnce }: { priority?: Priority | undefined; messagesAtOnce: number },
): boolean => {
  const line = Object.values(holds).filter((hold) => (hold.priority ?? DEFAULT_PRIORITY) === priority)
  return 2 * line.filter(isQueued).length >= messagesAtOnce
}

/** Most that are sent in one go; each that begins or ends sends more. */
const MOST = 25

/** Those whose turn it is, by generation id, oldest first: ids begin with their time. */
export const nextInLine = (
  holds: Readonly<Record<string, InLine>>,
  messagesAtOnce: number,
): { readonly generationId: string; readonly priority: Priority }[] =>
  PRIORITIES.flatMap((priority) => {
    const line = Object.entries(holds).filter(([, hold]) => (hold.priority ?? DEFAULT_PRIORITY) === priority)
    const free = Math.min(MOST, messagesAtOnce - line.filter(([, hold]) => isQueued(hold)).length)
    if (free <= 0) return []
    const waiting = line.flatMap(([generationId, { waits }]) => (waits === true ? [generationId] : [])).toSorted()
    return waiting.slice(0, free).map((generationId) => ({ generationId, priority }))
  })
