/** What surrounds the paths of a prompt: two tensors of its conditioning, which a pack that gives paths must have. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { Surroundings } from '../path/path.ts'
import type { Port } from './graph-signature.ts'
import type { Conditioning } from './graphs.ts'
import { PackError } from './read-pack.ts'

/** Throws PackError unless the conditioning has `ends` [2, 2] and `obstacles` [N, 3] in float32. */
export function checkSurroundings({ output, graphs }: PackManifest, conditioning: readonly Port[]): void {
  if (output.kind !== 'path') return
  const shapes = new Map(conditioning.map(({ name, type, shape }) => [name, `${type} [${shape.join(', ')}]`]))
  const { ends, obstacles } = Object.fromEntries(shapes)
  if (ends === 'float32 [2, 2]' && /^float32 \[\d+, 3\]$/.test(obstacles ?? '')) return
  throw new PackError(
    `${graphs.encode} should give ends: float32 [batch, 2, 2] and obstacles: float32 [batch, any, 3] for a pack of paths, but gives ${ends ?? 'none'} and ${obstacles ?? 'none'}.`,
  )
}

/** Undefined of a pack that gives images. */
export function surroundingsOf({ output }: PackManifest, conditioning: Conditioning): Surroundings | undefined {
  if (output.kind !== 'path') return undefined
  const { ends, obstacles } = conditioning
  return { ends: Float32Array.from(ends ?? []), obstacles: Float32Array.from(obstacles ?? []) }
}
