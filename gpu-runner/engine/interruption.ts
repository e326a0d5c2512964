/** Why a search is to end, in memory that the model's thread and its owner share: it is read before each evaluation. */

/** The search ends with its best so far as its answer, or (`stopped`) its work is handed back. */
export type Interruption = 'canceled' | 'deadline' | 'stopped'

const REASONS: readonly (Interruption | undefined)[] = [undefined, 'canceled', 'deadline', 'stopped']

export const createInterruption = (): Int32Array => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

export const readInterruption = (shared: Int32Array): Interruption | undefined => REASONS[Atomics.load(shared, 0)]

export const writeInterruption = (shared: Int32Array, reason: Interruption | undefined): void =>
  void Atomics.store(shared, 0, REASONS.indexOf(reason))
