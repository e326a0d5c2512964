/** Lanes of a thread's batcher: its own graphs, and those of its siblings while these have nothing of their own to do. */
import type { Lane } from './batcher.ts'
import { type RowEvaluation, rowBuffers } from './evaluate-rows.ts'
import { faultOf, ModelError } from './model-error.ts'
import { createPeer, type Handlers } from './peer.ts'
import type { EvaluatorAsk, Sibling, SiblingProtocol } from './protocol.ts'

type RowLane = Lane<EvaluatorAsk, RowEvaluation>

export interface RowsToShare {
  readonly siblings: readonly Sibling[]
  /** How much each thread has to do. */
  readonly loads: Int32Array
  readonly evaluateHere: RowLane['evaluate']
  /** Whether this thread knows a generation, by its evaluator. */
  readonly hasBegun: (evaluator: number) => boolean
}

/** The thread's own lane comes first; siblings are answered from it, too. */
export function shareRows({ siblings, loads, evaluateHere, hasBegun }: RowsToShare): RowLane[] {
  const handlers: Handlers<SiblingProtocol> = {
    evaluate: async (rows) => {
      // A generation may have ended over its failure in another lane: nobody waits for the rest of it.
      const living = rows.filter(({ evaluator }) => hasBegun(evaluator))
      const evaluated = new Map((await evaluateHere(living)).map((said, at) => [living[at], said]))
      const value = rows.map((row) => evaluated.get(row) ?? {})
      return { value, transfer: value.flatMap(rowBuffers) }
    },
  }
  const there = siblings.map(({ at, port }): RowLane => {
    const peer = createPeer<SiblingProtocol, SiblingProtocol>(port, { handlers, faultOf })
    port.on('messageerror', (cause) =>
      peer.fail(new ModelError('crashed', `another thread of the model sent what cannot be read: ${cause.message}`)),
    )
    return {
      isFree: () => Atomics.load(loads, at) === 0,
      evaluate: async (rows) => {
        Atomics.add(loads, at, 1)
        try {
          return await peer.call('evaluate', rows)
        } finally {
          Atomics.sub(loads, at, 1)
        }
      },
    }
  })
  return [{ isFree: () => true, evaluate: evaluateHere }, ...there]
}
