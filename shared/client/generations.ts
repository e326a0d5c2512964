/** Generations: create, look at, list, cancel, extend, delete; and wait for the end of one. */
import type { z } from 'zod'
import type {
  extensionRequestSchema,
  Generation,
  GenerationStatus,
  generationRequestSchema,
} from '../contract/generation.ts'
import type { CallOptions, Connection } from './http.ts'
import { pause } from './retry.ts'

/** As the API takes it: what has a default may be left out. */
export type NewGeneration = z.input<ReturnType<typeof generationRequestSchema>>
/** What may be said anew when a finished search goes on. */
export type Extension = z.input<ReturnType<typeof extensionRequestSchema>>

export interface Page<Thing> {
  readonly object: 'list'
  readonly data: readonly Thing[]
  /** The next page's `cursor`; null at the end. */
  readonly next_cursor: string | null
}

export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}

export interface GenerationQuery extends PageQuery {
  readonly status?: GenerationStatus
  readonly pack?: string
  readonly batch?: string
  readonly created_from?: string
  readonly created_before?: string
}

export interface CreateOptions extends CallOptions {
  /** Let the API hold its answer back for up to so many seconds, until the generation has ended (`Prefer: wait=n`). */
  readonly waitSeconds?: number
}

export interface WaitOptions extends CallOptions {
  /** Called whenever the generation was looked at. */
  readonly onLook?: (generation: Generation) => void
  /** Pause between the first looks; it grows to eight times as long. */
  readonly pollMs?: number
}

const POLL_MS = 250

/** The path of one generation, whatever its id is made of. */
export const pathOf = (id: string): string => `/v1/generations/${encodeURIComponent(id)}`

export const hasEnded = ({ finished_at }: Pick<Generation, 'finished_at'>): boolean => finished_at !== null

export const createGeneration = (
  api: Connection,
  request: NewGeneration,
  options: CreateOptions = {},
): Promise<Generation> => api.json({ method: 'POST', path: '/v1/generations', body: request, ...waiting(options) })

const waiting = ({ waitSeconds, ...options }: CreateOptions) => ({
  ...options,
  ...(waitSeconds !== undefined && { headers: { prefer: `wait=${waitSeconds}` }, heldMs: waitSeconds * 1000 }),
})

export const getGeneration = (api: Connection, id: string, options: CallOptions = {}): Promise<Generation> =>
  api.json({ method: 'GET', path: pathOf(id), ...options })

export const listGenerations = (
  api: Connection,
  query: GenerationQuery = {},
  options: CallOptions = {},
): Promise<Page<Generation>> => api.json({ method: 'GET', path: '/v1/generations', query: { ...query }, ...options })

/** Every thing of a list, page after page, as it is asked for. */
export async function* everyOf<Thing>(
  page: (cursor: string | undefined) => Promise<Page<Thing>>,
): AsyncGenerator<Thing> {
  let cursor: string | undefined
  do {
    const { data, next_cursor } = await page(cursor)
    yield* data
    cursor = next_cursor ?? undefined
  } while (cursor !== undefined)
}

/**
 * The generation once it has ended, however it ended: look at its `status`. To wait no longer than some time, give a signal:
 * `AbortSignal.timeout(60_000)`.
 */
export const waitForGeneration = async (
  api: Connection,
  id: string,
  { onLook, pollMs = POLL_MS, ...options }: WaitOptions = {},
): Promise<Generation> => {
  for (let looks = 0; ; looks++) {
    const generation = await getGeneration(api, id, options)
    onLook?.(generation)
    if (hasEnded(generation)) return generation
    await pause(pollMs * Math.min(8, 1 + looks / 4), options.signal)
  }
}

/** The best so far is delivered, and what was used is charged. Canceling twice is canceling once. */
export const cancelGeneration = (api: Connection, id: string, options: CallOptions = {}): Promise<Generation> =>
  api.json({ method: 'POST', path: `${pathOf(id)}/cancel`, ...options })

export const deleteGeneration = async (api: Connection, id: string, options: CallOptions = {}): Promise<void> => {
  await api.done({ method: 'DELETE', path: pathOf(id), ...options })
}

/** A new generation that goes on with the search of one that has ended, held and billed for its own NFEs. */
export const extendGeneration = (
  api: Connection,
  id: string,
  extension: Extension,
  options: CreateOptions = {},
): Promise<Generation> =>
  api.json({ method: 'POST', path: `${pathOf(id)}/extend`, body: extension, ...waiting(options) })
