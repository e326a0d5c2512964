/** A pack, opened in a thread of its own: prompts and latents in, evaluations and images out, every NFE counted. */
import { availableParallelism } from 'node:os'
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Provider } from '../pack/providers.ts'
import { PackError } from '../pack/read-pack.ts'
import { isPixelTerm } from '../reward/terms.ts'
import { type Conditions, createEvaluator, type Evaluator } from './evaluator.ts'
import { createGraphMeters, createNfeMeter, type Meters, readGraphMeters, readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import { startThread, type Thread } from './thread.ts'

export interface ModelOptions {
  readonly packFolder: string
  /** Threads inside one operator; all cores unless said. */
  readonly threads?: number
  /** Where the graphs run; the CPU unless said. Another that cannot be used is an error, never a fall back. */
  readonly provider?: Provider
  /** Most latents of one batch. */
  readonly maxBatch?: number
  /** Called once when the model's thread dies by itself. Everything pending was rejected; open another model, or exit. */
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
  /** Ends the thread; pending calls reject with `closed`. */
  close(): Promise<void>
}

const WORKER = new URL('./model-worker.ts', import.meta.url)

/** Opens a pack. Rejects with PackError when the pack cannot be used, with ModelError when the thread dies over it. */
export async function openModel({
  packFolder,
  threads,
  provider = 'cpu',
  maxBatch = 8,
  onCrash,
}: ModelOptions): Promise<Model> {
  const thread = startThread({ entry: WORKER, onCrash: (error) => onCrash?.(error) })
  const nfe = createNfeMeter()
  const graphs = createGraphMeters()
  const manifest = await openPack(thread, {
    packFolder,
    threads: threads ?? availableParallelism(),
    provider,
    maxBatch,
    nfe,
    graphs,
  })
  let evaluators = 0
  return {
    manifest,
    begin: async (conditions) => {
      const evaluator = ++evaluators
      const spent = createNfeMeter()
      const { prompt, terms, pictureSide } = conditions
      const rewards = terms.filter((term) => !isPixelTerm(term))
      // Few numbers make a path, and what is shown of it is drawn from them when somebody looks.
      const drawn = manifest.output.kind !== 'image' && pictureSide !== undefined
      const images = rewards.length < terms.length || drawn
      const watched = pictureSide === undefined || drawn ? {} : { pictureSide }
      const surroundings = await thread.call('begin', { evaluator, prompt, rewards, images, ...watched, nfe: spent })
      return createEvaluator({ thread, evaluator, manifest, terms, spent, surroundings, drawn })
    },
    nfe: () => readNfe(nfe),
    meters: () => readGraphMeters(graphs),
    close: () => thread.close(),
  }
}

async function openPack(thread: Thread, request: Parameters<typeof thread.call<'open'>>[1]): Promise<PackManifest> {
  try {
    return await thread.call('open', request)
  } catch (error) {
    await thread.close()
    throw error instanceof ModelError && error.fault === 'pack' ? new PackError(error.message, { cause: error }) : error
  }
}
