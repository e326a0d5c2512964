/** What a model's owner and its thread say to each other. Latents and images travel by transfer, never by copy. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Provider } from '../pack/providers.ts'
import type { GraphThreads } from '../pack/session.ts'
import type { Surroundings } from '../path/path.ts'
import type { Found } from '../reward/count.ts'
import type { GraphTerm } from '../reward/terms.ts'
import type { Ask } from '../search/search.ts'
import type { RowEvaluation } from './evaluate-rows.ts'
import type { ModelFault } from './model-error.ts'

/** An ask, with whose conditions it is under. */
export interface EvaluatorAsk extends Ask {
  readonly evaluator: number
}

/** Reads as: what is asked under each name, and what comes back. */
export interface ModelProtocol {
  open: {
    request: {
      packFolder: string
      threads: number | GraphThreads
      provider: Provider
      /** How many threads open the pack at the same time. */
      sessions: number
      nfe: BigInt64Array
      graphs: BigInt64Array
    }
    reply: PackManifest
  }
  begin: {
    /** @property images Whether what `decode` gave is wanted with the rewards. */
    request: {
      evaluator: number
      prompt: string
      rewards: readonly GraphTerm[]
      images: boolean
      pictureSide?: number
      nfe: BigInt64Array
    }
    /** Of a pack that gives paths. */
    reply: Surroundings | undefined
  }
  /** One batch, of any generations; the latents of the asks travel together. */
  evaluate: {
    request: { latents: Float32Array; asks: readonly Omit<EvaluatorAsk, 'latent'>[] }
    reply: readonly RowEvaluation[]
  }
  render: {
    request: { evaluator: number; latent: Float32Array }
    /** One number for each reward; what was found by the first that counts. */
    reply: { image: Float32Array; rewards: readonly number[]; found?: Found }
  }
  end: { request: { evaluator: number }; reply: undefined }
}

export type ModelRequest<Name extends keyof ModelProtocol = keyof ModelProtocol> = {
  [K in Name]: { readonly id: number; readonly name: K; readonly body: ModelProtocol[K]['request'] }
}[Name]

export type ModelReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: ModelFault; readonly message: string }

/** Told to the thread instead of a request: end now, between two runs of a graph. It has no reply but the thread's end. */
export const CLOSE = 'close'
