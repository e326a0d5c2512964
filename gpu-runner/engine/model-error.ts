/** Faults of a model thread, by what the owner can do about them. */

/**
 * - `pack`: the pack cannot be used; another attempt on this machine will not help.
 * - `request`: what was asked cannot be evaluated (unknown class, wrong size, evaluator already ended); the thread is well.
 * - `graph`: a graph failed or gave a number that is none; the thread is well.
 * - `crashed`: the thread is gone, with everything that was pending on it; open another model.
 * - `closed`: the owner closed the model.
 */
export type ModelFault = 'pack' | 'request' | 'graph' | 'crashed' | 'closed'

export class ModelError extends Error {
  readonly fault: ModelFault
  constructor(fault: ModelFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ModelError'
    this.fault = fault
  }
}
