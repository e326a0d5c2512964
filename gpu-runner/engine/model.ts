/** A pack, opened in threads of its own: prompts and latents in, evaluations and images out, every NFE counted. */
import { availableParallelism } from 'node:os'
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Provider } from '../pack/providers.ts'
import { PackError } from '../pack/read-pack.ts'
import type { GraphThreads } from '../pack/session.ts'
import { isPixelTerm } from '../reward/terms.ts'
import { createBatcher } from './batcher.ts'
import type { RowEvaluation } from './evaluate-rows.ts'
import { type Conditions, createEvaluator, type Evaluator } from './evaluator.ts'
import { createGraphMeters, createNfeMeter, type Meters, readGraphMeters, readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import type { EvaluatorAsk, ModelProtocol } from './protocol.ts'
import { joinRows } from './rows.ts'
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
  const opened = startThreads(sessions, { entry: WORKER, onCrash: (error) => onCrash?.(error) })
  const nfe = createNfeMeter()
  const graphs = createGraphMeters()
  const request = { packFolder, threads: threads ?? availableParallelism(), provider, sessions, nfe, graphs }
  const manifest = await openPack(opened, request)
  const submit = createBatcher({
    maxBatch,
    lanes: sessions,
    evaluate: (rows: readonly EvaluatorAsk[]) => evaluateBatch(opened, rows),
  })
  let evaluators = 0
  return {
    manifest,
    begin: async (conditions) => {
      const evaluator = ++evaluators
      const spent = createNfeMeter()
      const { prompt, terms, pictureSide, payer = `generation ${evaluator}`, patient = false } = conditions
      const rewards = terms.filter((term) => !isPixelTerm(term))
      // Few numbers make a path, and what is shown of it is drawn from them when somebody looks.
      const drawn = manifest.output.kind !== 'image' && pictureSide !== undefined
      const images = rewards.length < terms.length || drawn
      const watched = pictureSide === undefined || drawn ? {} : { pictureSide }
      const surroundings = await opened.callAll('begin', { evaluator, prompt, rewards, images, ...watched, nfe: spent })
      return createEvaluator({
        threads: opened,
        submit: (rows) => submit(rows, { payer, patient }),
        evaluator,
        manifest,
        terms,
        spent,
        surroundings,
        drawn,
      })
    },
    nfe: () => readNfe(nfe),
    meters: () => readGraphMeters(graphs),
    close: () => opened.close(),
  }
}

/** One copy, because the searches own their latents; the packed copy then moves to the thread. */
function evaluateBatch(threads: Threads, rows: readonly EvaluatorAsk[]): Promise<readonly RowEvaluation[]> {
  const latents = joinRows(rows.map(({ latent }) => latent))
  return threads.call('evaluate', { latents, asks: rows.map(({ latent: _, ...ask }) => ask) }, [latents.buffer])
}

async function openPack(threads: Threads, request: ModelProtocol['open']['request']): Promise<PackManifest> {
  try {
    return await threads.callAll('open', request)
  } catch (error) {
    await threads.close()
    throw error instanceof ModelError && error.fault === 'pack' ? new PackError(error.message, { cause: error }) : error
  }
}
