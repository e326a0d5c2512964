/** The events of one generation, from a place on, until it has ended or the slice is over. */
import type { SSEMessage } from 'hono/streaming'
import { END_EVENT_ID } from '../../shared/contract/live-event.ts'
import { eventOf } from '../../shared/stores/complete-generation.ts'
import { type GenerationItem, getGeneration, isTerminal, type Named } from '../../shared/stores/generations.ts'
import { listLiveEvents } from '../../shared/stores/live-events.ts'
import type { Table } from '../../shared/stores/store.ts'

/** Milliseconds. */
export interface EventTiming {
  /** Pause between two looks. */
  readonly pollMs: number
  /** Silence after which a comment is sent, so that nothing on the way takes the connection for dead. */
  readonly pingMs: number
  /** Longest connection: a function that streams does not see its client leave. The client comes back with Last-Event-ID. */
  readonly sliceMs: number
}

export const EVENT_TIMING: EventTiming = { pollMs: 500, pingMs: 15_000, sliceMs: 60_000 }

/** What the client should wait before it comes back for the next slice. */
const RETRY_MS = 1000
const PAGE = 100

/** Where events go: Hono's stream, as far as it is used here. */
export interface EventSink {
  writeSSE(message: SSEMessage): Promise<void>
  write(text: string): Promise<unknown>
  sleep(ms: number): Promise<unknown>
  readonly aborted: boolean
}

export interface EventStream {
  readonly table: Table
  readonly publicUrl: string
  readonly now: () => number
  readonly timing: EventTiming
  readonly named: Named
  /** Id of the last event that the client has seen. */
  readonly after: string | undefined
}

/** Resolves at the end of the generation or of the slice, or once the client has left. */
export const streamEvents = async (on: EventStream, sink: EventSink): Promise<void> => {
  const { pollMs, pingMs, sliceMs } = on.timing
  const end = on.now() + sliceMs
  let after = on.after
  let status: string | undefined
  let sentAt = on.now()
  await sink.write(`retry: ${RETRY_MS}\n\n`)
  while (!sink.aborted) {
    // The item first: whatever its runner wrote before ending it is then among the events.
    const generation = await getGeneration(on.table, on.named)
    if (generation === undefined) return
    const events = await listLiveEvents(on.table, { ...on.named, after, limit: PAGE })
    if (generation.status !== status) {
      status = generation.status
      await sink.writeSSE({ event: 'status', data: JSON.stringify({ id: generation.id, status }) })
      sentAt = on.now()
    }
    for (const { id, event } of events) {
      await sink.writeSSE({ event: 'progress', id, data: JSON.stringify(event) })
      after = id
      sentAt = on.now()
    }
    if (events.length < PAGE && isTerminal(generation.status)) return writeEnd(on, sink, generation)
    if (on.now() >= end) return
    if (on.now() - sentAt >= pingMs) {
      await sink.write(': ping\n\n')
      sentAt = on.now()
    }
    if (events.length < PAGE) await sink.sleep(pollMs)
  }
}

const writeEnd = (on: EventStream, sink: EventSink, generation: GenerationItem): Promise<void> =>
  sink.writeSSE({ event: 'ended', id: END_EVENT_ID, data: JSON.stringify(eventOf(generation, on.publicUrl).data) })
