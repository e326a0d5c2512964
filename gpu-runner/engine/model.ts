/** A pack, opened in threads of its own: prompts and latents in, evaluations and images out, every NFE counted. */
import { availableParallelism } from 'node:os'
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Provider } from '../pack/providers.ts'
import { PackError } from '../pack/read-pack.ts'
import type { GraphThreads } from '../pack/session.ts'
import { isPixelTerm, threadTerm } from '../reward/terms.ts'
import { type Conditions, createEvaluator, type Evaluator, type Owned } from './evaluator.ts'
import { createGraphMeters, createNfeMeter, type Meters, readGraphMeters, readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import type { Handlers } from './peer.ts'
import type { OwnerProtocol } from './protocol.ts'
import { startThreads, type Threads } from './threads.ts'

export interface ModelOptions {
  readonly packFolder: string
  /** Threads inside one operator, of every graph or of each; all cores unless said. */
  readonly threads?: number | GraphThreads
  /** Where the graphs run; the CPU unless said. Another that cannot be used is an error, never a fall back. */
  readonly provider?: Provider
  /** Sessions of each graph, each in a thread of its own: as many batches run at the same time. 1 unless said. */
  readonly sessions?: number
  /** Most latents of one batch. */
  readonly maxBatch?: number
  /** Called once when a thread of the model dies by itself. Everything pending was rejected; open another model, or exit. */
  readonly onCrash?: (error: ModelError) => void
}

export interface Model {
  readonly manifest: PackManifest
  /** Encodes the conditions once. Rejects with ModelError (`request`) on a reward or a class that the pack has not. */
  begin(conditions: Conditions): Promise<Evaluator>
  /** NFEs spent since the model was opened, over all generations, counted where the network runs. */
  nfe(): number
  /** Runs, rows and time of each graph since the model was opened. */
  meters(): Meters
  /** Ends the threads; pending calls reject with `closed`. */
  close(): Promise<void>
}

const WORKER = new URL('./model-worker.ts', import.meta.url)

/** Opens a pack. Rejects with PackError when the pack cannot be used, with ModelError when a thread dies over it. */
export async function openModel({
  packFolder,
  threads,
  provider = 'cpu',
  sessions = 1,
  maxBatch = 8,
  onCrash,
}: ModelOptions): Promise<Model> {
  const generations = new Map<number, Owned>()
  const opened = startThreads(sessions, {
    entry: WORKER,
    handlers: answersFor(generations),
    onCrash: (error) => onCrash?.(error),
  })
  const [nfe, graphs] = [createNfeMeter(), createGraphMeters(sessions)]
  const request = { packFolder, threads: threads ?? availableParallelism(), provider, maxBatch, nfe, graphs }
  const manifest = await openPack(opened, request)
  let evaluators = 0
  return {
    manifest,
    begin: async ({ prompt, terms, pictureSide, payer, patient = false }) => {
      const evaluator = ++evaluators
      const [spent, owned]: [BigInt64Array, Owned] = [createNfeMeter(), { terms }]
      await opened.callAll('begin', {
        evaluator,
        prompt,
        terms: terms.map(threadTerm),
        payer: payer ?? `generation ${evaluator}`,
        patient,
        ...(pictureSide !== undefined && { pictureSide }),
        nfe: spent,
      })
      generations.set(evaluator, owned)
      const onEnd = () => void generations.delete(evaluator)
      return createEvaluator({ threads: opened, evaluator, owned, spent, onEnd })
    },
    nfe: () => readNfe(nfe),
    meters: () => readGraphMeters(graphs),
    close: () => opened.close(),
  }
}

/** What threads ask while they work on a generation. */
const answersFor = (generations: ReadonlyMap<number, Owned>): Handlers<OwnerProtocol> => ({
  score: async ({ evaluator, images }) => {
    const owned = generations.get(evaluator)
    const scorers = (owned?.terms ?? []).filter(isPixelTerm)
    try {
      return { value: await Promise.all(scorers.map(({ score }) => score(images))) }
    } catch (error) {
      if (owned !== undefined) owned.failure = error
      throw error
    }
  },
  report: async ({ evaluator, report }) => {
    generations.get(evaluator)?.onReport?.(report)
    return { value: undefined }
  },
})

async function openPack(threads: Threads, request: Parameters<Threads['open']>[0]): Promise<PackManifest> {
  try {
    return await threads.open(request)
  } catch (error) {
    await threads.close()
    throw error instanceof ModelError && error.fault === 'pack' ? new PackError(error.message, { cause: error }) : error
  }
}
