/** What a model's owner and its threads say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { ImageTensor } from '../image/png.ts'
import type { Provider } from '../pack/providers.ts'
import type { GraphThreads } from '../pack/session.ts'
import type { ThreadTerm } from '../reward/terms.ts'
import type { Ask } from '../search/search.ts'
import type { SeenEvaluation } from './evaluate-asks.ts'
import type { RowEvaluation } from './evaluate-rows.ts'
import type { SearchOrder, SearchReport } from './host-search.ts'
import type { Rendering } from './render-latent.ts'
import type { SearchOutcome } from './run-search.ts'

/** An ask, with whose conditions it is under. */
export interface EvaluatorAsk extends Ask {
  readonly evaluator: number
}

/** Another thread with the same graphs. */
export interface Sibling {
  /** Its place in `loads`. */
  readonly at: number
  readonly port: MessagePort
}

/** What the owner asks of a thread. */
export type ModelProtocol = {
  open: {
    request: {
      packFolder: string
      threads: number | GraphThreads
      provider: Provider
      /** How many threads open the pack at the same time. */
      sessions: number
      /** Most rows of one batch. */
      maxBatch: number
      nfe: BigInt64Array
      /** Of each thread. */
      graphs: readonly Float64Array[]
      /** How much each thread has to do: one with nothing takes rows of the others. Shared by all. */
      loads: Int32Array
      /** This thread's own place in them. */
      at: number
      siblings: readonly Sibling[]
    }
    reply: PackManifest
  }
  begin: {
    request: {
      evaluator: number
      prompt: string
      terms: readonly ThreadTerm[]
      payer: string
      patient: boolean
      pictureSide?: number
      nfe: BigInt64Array
    }
    reply: undefined
  }
  evaluate: { request: { evaluator: number; asks: readonly Ask[] }; reply: readonly SeenEvaluation[] }
  search: {
    /** @property interruption what the thread reads before each evaluation (interruption.ts) */
    request: { evaluator: number; order: SearchOrder; interruption: Int32Array }
    /** With what has not been reported yet. */
    reply: { outcome: SearchOutcome; last: SearchReport }
  }
  render: { request: { evaluator: number; latent: Float32Array }; reply: Rendering }
  end: { request: { evaluator: number }; reply: undefined }
  /** End now, between two runs of a graph. Its reply is the thread's end. */
  close: { request: undefined; reply: undefined }
}

/** What a thread asks of the owner. */
export type OwnerProtocol = {
  /** The numbers of each term that is scored outside of the graphs, one an image. */
  score: {
    request: { evaluator: number; images: readonly ImageTensor[] }
    reply: readonly (readonly number[])[]
  }
  /** Told, not asked: how a search gets on. */
  report: { request: { evaluator: number; report: SearchReport }; reply: undefined }
}

/** What threads ask of each other. */
export type SiblingProtocol = {
  /** One batch, of any generations. */
  evaluate: { request: readonly EvaluatorAsk[]; reply: readonly RowEvaluation[] }
}
