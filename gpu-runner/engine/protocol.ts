/** What a model's owner and its thread say to each other. Latents and images travel by transfer, never by copy. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Provider } from '../pack/providers.ts'
import type { CountReward, Found } from '../reward/count.ts'
import type { Ask, Evaluation } from '../search/search.ts'
import type { ModelFault } from './model-error.ts'
import type { Picture } from './small-picture.ts'

/** With the picture that its reward has seen, where the generation is watched. */
export type SeenEvaluation = Evaluation & { readonly picture?: Picture }

/** Reads as: what is asked under each name, and what comes back. */
export interface ModelProtocol {
  open: {
    request: {
      packFolder: string
      threads: number
      provider: Provider
      maxBatch: number
      nfe: BigInt64Array
      graphs: BigInt64Array
    }
    reply: PackManifest
  }
  begin: {
    request: { evaluator: number; prompt: string; reward: CountReward; nfe: BigInt64Array; pictureSide?: number }
    reply: undefined
  }
  evaluate: {
    request: { evaluator: number; latents: Float32Array; asks: readonly Pick<Ask, 't' | 'wants'>[] }
    reply: readonly SeenEvaluation[]
  }
  render: {
    request: { evaluator: number; latent: Float32Array }
    reply: Found & { image: Float32Array; reward: number }
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
