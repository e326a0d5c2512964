/** A pack, opened in a thread of its own: prompts and latents in, evaluations and images out, every NFE counted. */
import { availableParallelism } from 'node:os'
import type { PackManifest } from '../../shared/contract/pack.ts'
import { sizeOf } from '../pack/graph-signature.ts'
import type { Provider } from '../pack/providers.ts'
import { PackError } from '../pack/read-pack.ts'
import type { CountReward, Found } from '../reward/count.ts'
import type { Ask } from '../search/search.ts'
import { allFinite } from './all-finite.ts'
import { createGraphMeters, createNfeMeter, type Meters, readGraphMeters, readNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import type { ImageTensor } from './png.ts'
import type { SeenEvaluation } from './protocol.ts'
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

/** What every evaluation of one generation shares. */
export interface Conditions {
  readonly prompt: string
  readonly reward: CountReward
  /** Longest side, in pixels, of the pictures that come with rewards; none unless said. */
  readonly pictureSide?: number
}

/** A finished image: the pixels, and what the reward sees in them. */
export interface Rendering extends Found {
  readonly image: ImageTensor
  readonly reward: number
}

/** The model under the conditions of one generation. */
export interface Evaluator {
  /**
   * One evaluation an ask, same order; the same numbers however the asks are batched. Costs one NFE for each ask that
   * wants a velocity. Rejects with ModelError.
   */
  evaluate(asks: readonly Ask[]): Promise<readonly SeenEvaluation[]>
  /** The image of a clean latent. Costs no NFE. Rejects with ModelError. */
  render(latent: Float32Array): Promise<Rendering>
  /** NFEs spent for this generation, counted where the network runs. Still right after the thread has crashed. */
  nfe(): number
  /** Forgets the conditions; nothing can be evaluated after. Never rejects: a model that is gone has forgotten already. */
  end(): Promise<void>
}

export interface Model {
  readonly manifest: PackManifest
  /** Encodes the conditions once. Rejects with ModelError (`request`) on a class the pack does not count. */
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
      await thread.call('begin', { evaluator, ...conditions, nfe: spent })
      return createEvaluator({ thread, evaluator, manifest, spent })
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

interface EvaluatorParts {
  readonly thread: Thread
  readonly evaluator: number
  readonly manifest: PackManifest
  readonly spent: BigInt64Array
}

function createEvaluator({ thread, evaluator, manifest, spent }: EvaluatorParts): Evaluator {
  const size = sizeOf(manifest.latent)
  const [height, width] = manifest.resolution
  return {
    evaluate: async (asks) => {
      if (asks.length === 0) return []
      // One copy, because the search owns its latents; the packed copy then moves to the thread.
      const latents = packLatents(asks, size)
      const request = { evaluator, latents, asks: asks.map(({ t, wants }) => ({ t, wants })) }
      return thread.call('evaluate', request, [latents.buffer])
    },
    render: async (latent) => {
      const copy = packLatents([{ latent, t: 0, wants: 'reward' }], size)
      const { image, ...seen } = await thread.call('render', { evaluator, latent: copy }, [copy.buffer])
      return { ...seen, image: { data: image, width, height } }
    },
    nfe: () => readNfe(spent),
    end: () => thread.call('end', { evaluator }).catch(() => undefined),
  }
}

/** Throws ModelError (`request`) on an ask that no graph can answer, before anything is spent. */
function packLatents(asks: readonly Ask[], size: number): Float32Array<ArrayBuffer> {
  const packed = new Float32Array(asks.length * size)
  for (const [index, { latent, t, wants, gradient }] of asks.entries()) {
    if (latent.length !== size)
      throw new ModelError('request', `a latent has ${size} numbers here, got ${latent.length}`)
    if (!(t >= 0 && t <= 1)) throw new ModelError('request', `t must lie in [0, 1], got ${t}`)
    if (wants === 'reward' && t !== 0)
      throw new ModelError('request', `a reward alone is of a clean latent, t = 0; got t = ${t}`)
    if (gradient) throw new ModelError('request', 'no graph of this pack gives the gradient of a reward')
    if (!allFinite(latent)) throw new ModelError('request', 'a latent is not finite')
    packed.set(latent, index * size)
  }
  return packed
}
