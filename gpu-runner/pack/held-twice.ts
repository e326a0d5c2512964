/** Graphs whose weights a thread may hold once more, in another session, to be faster. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { readOnnxFile } from './onnx-file.ts'

/** Of larger ones each run takes so long that what another session saves is nothing beside it. */
const MOST_BYTES = 64e6

/** Counts weights in files of their own, too. Throws on bytes that are no ONNX model. */
export function mayBeHeldTwice(...graphs: readonly Uint8Array[]): boolean {
  const weights = graphs.flatMap((graph) => readOnnxFile(graph).tensors)
  return weights.reduce((sum, { bytes }) => sum + bytes, 0) <= MOST_BYTES
}

/** The most bytes that a thread holds beside one copy of each graph: of decoder and reward in one, and of what is there for crowds. */
export function bytesHeldTwice(
  { graphs, rewards, default_reward, files }: Pick<PackManifest, 'graphs' | 'rewards' | 'default_reward' | 'files'>,
  { sessions }: { sessions: number },
): number {
  const small = (...names: readonly (string | undefined)[]): number => {
    const sum = names.reduce((sum, name) => sum + ((name !== undefined && files[name]?.bytes) || 0), 0)
    return sum <= MOST_BYTES ? sum : 0
  }
  const fused = small(graphs.decode, rewards[default_reward]?.file)
  return fused + (sessions > 1 ? fused + small(graphs.velocity) : 0)
}
