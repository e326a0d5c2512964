/** Whether a machine can hold a pack, asked before its weights are read. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { bytesHeldTwice } from './held-twice.ts'
import { PackError } from './read-pack.ts'

/** Measured (docs/results/conformance.md): what a process takes for its weights, and beside them. */
export const MEMORY_FACTOR = 1.15
export const MEMORY_BESIDE_BYTES = 300e6
/** Measured with emoji-world: what each further session takes beside its weights, a thread's own heap among it. */
const SESSION_BESIDE_BYTES = 160e6

/** Throws PackError when the graphs that a runner opens, so many times, do not fit. Judges are not opened. */
export function checkMemory(
  manifest: PackManifest,
  { availableBytes, sessions }: { availableBytes: number; sessions: number },
): void {
  const { files, judges = {} } = manifest
  const judged = new Set(Object.values(judges).map(({ file }) => file))
  const weights = Object.entries(files).filter(([file]) => !judged.has(file))
  const once = weights.reduce((sum, [, { bytes }]) => sum + bytes, 0)
  const held = MEMORY_FACTOR * (once + bytesHeldTwice(manifest, { sessions }))
  const needed = sessions * held + MEMORY_BESIDE_BYTES + (sessions - 1) * SESSION_BESIDE_BYTES
  if (needed > availableBytes)
    throw new PackError(
      `The pack needs ${(needed / 1e9).toFixed(1)} GB of memory, and this process may have ${(availableBytes / 1e9).toFixed(1)} GB more.`,
    )
}
