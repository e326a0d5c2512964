/** Faults of a model thread, by what the owner can do about them. */
import { PackError } from '../pack/read-pack.ts'

/**
 * - `pack`: the pack cannot be used; another attempt on this machine will not help.
 * - `request`: what was asked cannot be evaluated (unknown class, wrong size, evaluator already ended); the thread is well.
 * - `graph`: a graph failed or gave a number that is none, or a search broke its contract; the thread is well.
 * - `outside`: a term that the owner scores could not be scored; the owner has the error itself.
 * - `crashed`: the thread is gone, with everything that was pending on it; open another model.
 * - `closed`: the owner closed the model.
 */
export type ModelFault = 'pack' | 'request' | 'graph' | 'outside' | 'crashed' | 'closed'

export class ModelError extends Error {
  readonly fault: ModelFault
  constructor(fault: ModelFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ModelError'
    this.fault = fault
  }
}

/** What the thread tells of an error of its own. */
export const faultOf = (error: unknown): ModelFault =>
  error instanceof ModelError ? error.fault : error instanceof PackError ? 'pack' : 'graph'
