/** One generation from request to receipt, as a value that changes: what every view of a search is drawn from. */
import {
  type Generation,
  type LiveEvent,
  type NewGeneration,
  type Rollover,
  RolloverConnectionError,
} from '../../../shared/client/client.ts'
import type { ProgressEvent, ShownCandidate } from '../../../shared/contract/live-event.ts'
import type { PathFile } from '../../../shared/contract/output.ts'
import type { Place } from '../../../shared/contract/place.ts'
import type { TraceLine } from '../../../shared/contract/trace.ts'
import { filesOf, type ReadFile } from './read-files.ts'
import type { Told } from './search-columns.ts'
import { NO_THUMBNAILS, type Thumbnails, withThumbnails } from './thumbnails.ts'

/** What is shown of a generation: of a shared one less is known. */
export type ShownGeneration = Pick<
  Generation,
  'status' | 'stop_reason' | 'reward' | 'result' | 'seed' | 'format' | 'started_at' | 'finished_at' | 'error' | 'pack'
> &
  Partial<Pick<Generation, 'outputs_held_back'>> & {
    readonly id?: string
    readonly usage: Pick<Generation['usage'], 'nfe_held' | 'nfe_used' | 'nfe_refunded'> &
      Partial<Pick<Generation['usage'], 'price_micro_usd_per_nfe'>>
  }

export interface Run {
  readonly request: NewGeneration
  readonly phase: 'sending' | 'queued' | 'running' | 'ended' | 'refused'
  readonly generation?: ShownGeneration
  /** Events of the attempt that counts. */
  readonly progress: readonly ProgressEvent[]
  /** Told so far, by the events; where the service left some out the trace has them. */
  readonly candidates: readonly ShownCandidate[]
  readonly thumbnails: Thumbnails
  /** The best so far, small; then the image itself. An address that <img> takes. */
  readonly preview?: string
  readonly image?: string
  /** The files of the result: of a path, its drawing and its numbers. */
  readonly files?: readonly ReadFile[]
  readonly path?: PathFile
  /** Where the reward sees things in the image. */
  readonly places?: readonly Place[]
  /** Every candidate, once the search has ended. */
  readonly trace?: readonly TraceLine[]
  readonly traceText?: string
  /** The event stream broke, and is being opened again. */
  readonly reconnecting: boolean
  readonly canceling: boolean
  readonly error?: unknown
}

export const newRun = (request: NewGeneration): Run => ({
  request,
  phase: 'sending',
  progress: [],
  candidates: [],
  thumbnails: NO_THUMBNAILS,
  reconnecting: false,
  canceling: false,
})

/** The candidates of a run: all of them once the trace is there. */
export const toldOf = ({ trace, candidates }: Run): readonly Told[] => trace ?? candidates

/** Whether it may still change. */
export const isOpen = ({ phase, error }: Run): boolean =>
  phase !== 'ended' && phase !== 'refused' && error === undefined

const RECONNECT_MS = 700

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => [clearTimeout(timer), resolve()], { once: true })
  })

/** Asks for the generation and follows it to its end. Each change is shown as a new value; nothing is thrown. */
export const followRun = async (
  client: Rollover,
  request: NewGeneration,
  on: { show: (run: Run) => void; signal: AbortSignal },
): Promise<void> => {
  let run = newRun(request)
  const change = (part: Partial<Run>) => {
    run = { ...run, ...part }
    if (!on.signal.aborted) on.show(run)
  }
  change({})
  try {
    const generation = await client.create(request, { signal: on.signal })
    change({ generation, phase: 'queued' })
    await followToEnd(client, generation.id, { change, signal: on.signal, run: () => run })
  } catch (error) {
    change({ error, phase: run.generation === undefined ? 'refused' : run.phase })
  }
}

/** A generation that is there already, from its first event that is kept. Rejects when it cannot be read at all. */
export const followStored = async (
  client: Rollover,
  id: string,
  on: { show: (run: Run) => void; signal: AbortSignal },
): Promise<void> => {
  const generation = await client.get(id, { signal: on.signal })
  const { pack, prompt, nfe_budget, search, seed, format, target_reward } = generation
  const request = { pack, prompt, nfe_budget, search, seed, format, ...(target_reward !== null && { target_reward }) }
  let run: Run = { ...newRun(request), generation, phase: generation.finished_at === null ? 'queued' : 'ended' }
  const change = (part: Partial<Run>) => {
    // What its events say of an ended one happened long ago.
    run = { ...run, ...part, ...(generation.finished_at !== null && { phase: 'ended' as const }) }
    if (!on.signal.aborted) on.show(run)
  }
  change({})
  try {
    await followToEnd(client, id, { change, signal: on.signal, run: () => run })
  } catch (error) {
    change({ error })
  }
}

const followToEnd = async (
  client: Rollover,
  id: string,
  on: { change: Change; signal: AbortSignal; run: () => Run },
): Promise<void> => {
  await followEvents(client, id, on)
  if (on.signal.aborted) return
  const ended = await untilAnswered(() => client.get(id, { signal: on.signal }), on)
  on.change({ generation: ended, phase: 'ended', reconnecting: false })
  await showFiles(client, ended, on)
}

type Change = (part: Partial<Run>) => void

/** The client tries again by itself; an edge that is away for longer only makes us say so, and go on after the last event. */
const followEvents = async (
  client: Rollover,
  id: string,
  on: { change: Change; signal: AbortSignal; run: () => Run },
): Promise<void> => {
  let lastEventId = ''
  while (!on.signal.aborted) {
    try {
      for await (const event of client.stream(id, { lastEventId, signal: on.signal })) {
        if (event.type !== 'status') lastEventId = event.id
        on.change({ ...partOf(event, on.run()), reconnecting: false })
      }
      return
    } catch (error) {
      if (on.signal.aborted) return
      if (!(error instanceof RolloverConnectionError)) throw error
      on.change({ reconnecting: true })
      await wait(RECONNECT_MS, on.signal)
    }
  }
}

const partOf = (event: LiveEvent, run: Run): Partial<Run> => {
  if (event.type === 'status') return event.data.status === 'running' ? { phase: 'running' } : {}
  if (event.type === 'ended') return {}
  const { data } = event
  return {
    phase: 'running',
    progress: [...stillTrue(run.progress, data), data],
    candidates: [...stillTrue(run.candidates, data), ...data.candidates],
    thumbnails: withThumbnails(run.thumbnails, data),
    ...(data.preview !== null && { preview: data.preview }),
  }
}

/** Another runner goes on from a checkpoint: what the dead one showed beyond it is not charged and not drawn. */
const stillTrue = <Shown extends { nfe: number } | { nfe_used: number }>(
  shown: readonly Shown[],
  { nfe_used, candidates }: ProgressEvent,
): readonly Shown[] => {
  const first = candidates[0]?.nfe ?? nfe_used
  const nfeOf = (one: Shown) => ('nfe' in one ? one.nfe : one.nfe_used)
  const last = shown.at(-1)
  return last !== undefined && nfeOf(last) >= first ? shown.filter((one) => nfeOf(one) < first) : shown
}

const untilAnswered = async <Answer>(
  ask: () => Promise<Answer>,
  on: { change: Change; signal: AbortSignal },
): Promise<Answer> => {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof RolloverConnectionError) || on.signal.aborted) throw error
      on.change({ reconnecting: true })
      await wait(RECONNECT_MS, on.signal)
    }
  }
}

/** The best output and the trace, checked against their hashes. */
const showFiles = async (
  client: Rollover,
  generation: Generation,
  { change, signal }: { change: Change; signal: AbortSignal },
): Promise<void> => {
  const [output] = generation.outputs
  if (output !== undefined) {
    const bytes = await client.download(generation)
    const shown = await filesOf(output, { format: generation.format, bytes }, signal)
    change({ ...shown, ...(output.places && { places: output.places }) })
  }
  const traceText = await client.trace(generation)
  if (traceText !== undefined) change({ traceText, trace: readTrace(traceText) })
}

export const readTrace = (text: string): TraceLine[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TraceLine)
