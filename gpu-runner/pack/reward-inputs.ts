/** What reward and judge graphs take beside the image, and what all of them give. */
import type { JudgeGraph } from '../../shared/contract/pack.ts'
import type { Port } from './graph-signature.ts'
import { stackLasting, type Tensor } from './session.ts'

/**
 * What one row of a reward graph takes beside the image, by the name of its input: `target` [classes]; `input_ids` and, where the
 * manifest says so, `input_mask` [max_length]; or nothing.
 */
export type RewardInput = Readonly<Record<string, Float32Array | BigInt64Array>>

export const REWARD: Port = { name: 'reward', type: 'float32', shape: [] }

/** What the graph takes beside the image. */
export function inputPorts(graph: JudgeGraph): readonly Port[] {
  switch (graph.takes) {
    case 'counts':
      return [{ name: 'target', type: 'float32', shape: [graph.classes.length] }]
    case 'prompt': {
      const names = graph.tokenizer.mask ? ['input_ids', 'input_mask'] : ['input_ids']
      return names.map((name) => ({ name, type: 'int64', shape: [graph.tokenizer.max_length] }))
    }
    case 'image':
      return []
  }
}

/** The inputs of a batch, as the graph takes them. */
export const feed = (ports: readonly Port[], inputs: readonly RewardInput[]): Record<string, Tensor> =>
  Object.fromEntries(
    ports.map((port) => [
      port.name,
      stackLasting(
        port,
        inputs.map((input) => input[port.name] ?? new Float32Array()),
      ),
    ]),
  )
