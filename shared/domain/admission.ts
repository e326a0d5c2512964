/**
 * Whether one more generation is let in, when it will begin, and how many of an account's may be in the queue at once. Decided
 * by a reading of the fleet that is some seconds to a minute old: cheap, the same at every edge, and right on average.
 *
 * Fairness: the queue deals messages out in the order they came, so an account that sent a thousand would make all others wait
 * for them. Therefore an account has a message or a few that wait in the queue, and the next is sent when one of its own begins
 * or ends (shared/stores/send-waiting.ts). Between accounts the queue is then as good as dealt out in turn, whatever each of
 * them asks for.
 */

/** What functions/backlog measured. */
export interface FleetReading {
  /** When, epoch milliseconds. */
  readonly at: number
  /** Measured time of one NFE on one task, seconds. */
  readonly secondsPerNfe: number
  /** Tasks that run or were asked for, and the most there can be. */
  readonly tasks: number
  readonly maxTasks: number
  /** Generations that one task works on at once. */
  readonly concurrency: number
  /** NFEs that the queued generations, and those at work, may use. */
  readonly queuedNfe: number
  readonly runningNfe: number
  readonly running: number
  /** Accounts with an open generation. */
  readonly accounts: number
  /** The accounts with most queued NFEs, most first; what the others have is in `queuedNfe` too. */
  readonly heaviest: readonly (readonly [accountId: string, queuedNfe: number])[]
}

/** How many accounts a reading names. */
export const MAX_HEAVIEST = 400

/** With an older one nothing is decided: everybody is let in, as without any. */
const STALE_MS = 5 * 60_000

export const isFresh = (reading: FleetReading, now: number): boolean => now - reading.at <= STALE_MS

/** From zero tasks to one at work; see cdk/simulate/assumptions.ts. */
const WAKE_SECONDS = 300

/** Messages that wait for whoever is free next, for every four that are worked on: a fleet must not run dry between two. */
const SPARE = 0.25

/** Most messages of one account that wait in the queue and have not begun, of one priority. At least one. */
export const messagesAtOnce = ({ tasks, concurrency, accounts }: FleetReading): number =>
  Math.max(1, Math.ceil((Math.max(1, tasks) * concurrency * SPARE) / Math.max(1, accounts)))

/** What is asked for. */
export interface Asked {
  readonly accountId: string
  readonly nfe: number
  /** Of low priority: it is worked on after what is not. */
  readonly patient: boolean
}

/** NFEs that are worked on before the next of this account, which asks for `nfe`, when accounts take turns. */
const nfeAhead = (reading: FleetReading, asked: Asked): number => {
  if (asked.patient) return reading.queuedNfe
  const own = reading.heaviest.find(([id]) => id === asked.accountId)?.[1] ?? 0
  // Each of the others has had as much as this one, or all it had.
  const turn = own + asked.nfe
  let named = 0
  let others = 0
  for (const [id, nfe] of reading.heaviest) {
    named += nfe
    if (id !== asked.accountId) others += Math.min(nfe, turn)
  }
  // What no name stands for is less for each than for the last that is named.
  return own + others + Math.max(0, reading.queuedNfe - named)
}

/** Seconds until a generation that is asked for now begins, with `tasks` at work. */
const secondsUntilStart = (reading: FleetReading, asked: Asked, tasks: number): number => {
  const { concurrency, running, runningNfe, secondsPerNfe } = reading
  const queued = nfeAhead(reading, asked)
  // Half of what is at work is done, as far as anybody knows; a free place is taken at once.
  const busy = queued > 0 || running >= tasks * concurrency ? runningNfe / 2 : 0
  return ((queued + busy) * secondsPerNfe) / Math.max(1, tasks)
}

export type Admission =
  | { readonly kind: 'accepted'; readonly startsInSeconds: number }
  | { readonly kind: 'overloaded'; readonly startsInSeconds: number; readonly retryAfterSeconds: number }

const LONGEST_RETRY_SECONDS = 600

/**
 * Refuses what would wait longer than `maxQueueSeconds` even if the whole fleet ran. The estimate that an accepted one is told
 * counts on the tasks that there are, and on a wake where there are none.
 */
export const judgeAdmission = (
  reading: FleetReading,
  { maxQueueSeconds, ...asked }: Asked & { readonly maxQueueSeconds: number },
): Admission => {
  const atBest = secondsUntilStart(reading, asked, Math.max(reading.tasks, reading.maxTasks))
  if (atBest > maxQueueSeconds) {
    const retryAfterSeconds = Math.min(LONGEST_RETRY_SECONDS, Math.ceil(atBest - maxQueueSeconds))
    return { kind: 'overloaded', startsInSeconds: atBest, retryAfterSeconds }
  }
  const wake = reading.tasks === 0 ? WAKE_SECONDS : 0
  return { kind: 'accepted', startsInSeconds: wake + secondsUntilStart(reading, asked, Math.max(1, reading.tasks)) }
}
