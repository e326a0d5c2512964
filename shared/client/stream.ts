/** A search, live: server-sent events over as many connections as it takes. */
import type { z } from 'zod'
import type { GenerationStatus } from '../contract/generation.ts'
import type { endedEventSchema, ProgressEvent } from '../contract/live-event.ts'
import { RolloverConnectionError, RolloverError } from './errors.ts'
import { pathOf } from './generations.ts'
import type { CallOptions, Connection } from './http.ts'
import { drawChance, pause, pauseBeforeRetry, RETRY_POLICY } from './retry.ts'
import { readServerSentEvents, type ServerSentEvent } from './sse.ts'

/** `id` can be given as `lastEventId` to go on after an event; '' before there is one. */
export type LiveEvent =
  | {
      readonly type: 'status'
      readonly id: string
      readonly data: { readonly id: string; readonly status: GenerationStatus }
    }
  | { readonly type: 'progress'; readonly id: string; readonly data: ProgressEvent }
  | { readonly type: 'ended'; readonly id: string; readonly data: z.infer<typeof endedEventSchema> }

export interface StreamOptions extends CallOptions {
  /** Go on after this event. */
  readonly lastEventId?: string
}

/** The pause the API asks for between two slices. */
const SLICE_PAUSE_MS = 1000
const TYPES: ReadonlySet<string> = new Set<LiveEvent['type']>(['status', 'progress', 'ended'])

/**
 * Each event of the search, once, until `ended`. A connection that ends or breaks is opened again after the last event seen;
 * several breaks in a row without anything new end it with the last error. Leaving the loop closes the connection.
 */
export async function* streamGeneration(
  api: Connection,
  id: string,
  { lastEventId = '', ...options }: StreamOptions = {},
): AsyncGenerator<LiveEvent> {
  let after = lastEventId
  let broken = 0
  for (;;) {
    const response = await api.open({
      method: 'GET',
      path: `${pathOf(id)}/events`,
      headers: { accept: 'text/event-stream', ...(after !== '' && { 'last-event-id': after }) },
      ...options,
    })
    // 204: nothing comes after the event that was named.
    if (response.status === 204 || response.body === null) return
    try {
      for await (const event of readServerSentEvents(response.body)) {
        if (event.id !== '' && event.id !== after) {
          after = event.id
          broken = 0
        }
        const live = readLiveEvent({ ...event, id: after })
        if (live === undefined) continue
        yield live
        if (live.type === 'ended') return
      }
    } catch (error) {
      if (error instanceof RolloverError || options.signal?.aborted) throw error
      broken++
      const ms = pauseBeforeRetry(RETRY_POLICY, { tries: broken, retryable: true, chance: drawChance() })
      if (ms === undefined) throw new RolloverConnectionError(response.url, error)
      await pause(ms, options.signal)
      continue
    }
    await pause(SLICE_PAUSE_MS, options.signal)
  }
}

/** undefined for a type this version does not know. */
const readLiveEvent = ({ id, type, data }: ServerSentEvent): LiveEvent | undefined =>
  TYPES.has(type) ? ({ id, type, data: JSON.parse(data) } as LiveEvent) : undefined
