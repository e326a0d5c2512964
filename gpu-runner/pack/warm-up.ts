/** The first run of every graph, before anybody waits for it. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { PackTokenizer } from '../../shared/domain/tokenizer.ts'
import { encodeInputs } from './encode-inputs.ts'
import { sizeOf } from './graph-signature.ts'
import type { Graphs } from './graphs.ts'
import { PackError } from './read-pack.ts'

/**
 * Encodes, predicts and decodes a batch of each size; no NFE of anybody. A pack whose numbers are not finite is refused here
 * and not in the middle of a search. Rejects with PackError.
 */
export async function warmUp(
  graphs: Graphs,
  on: { manifest: PackManifest; tokenizers: ReadonlyMap<string, PackTokenizer>; batches: readonly number[] },
): Promise<void> {
  const { manifest, tokenizers, batches } = on
  const conditioning = await graphs.encode(encodeInputs(manifest, tokenizers, 'two cats'))
  const latent = Float32Array.from({ length: sizeOf(manifest.latent) }, (_, i) => Math.sin(1.7 * i))
  const row = { latent, t: 0.9, conditioning, spend: () => undefined }
  for (const rows of batches) {
    checkFinite(manifest.graphs.velocity, await graphs.velocity(Array<typeof row>(rows).fill(row)))
    checkFinite(manifest.graphs.decode, await graphs.decode(Array<Float32Array>(rows).fill(latent)))
  }
}

function checkFinite(file: string, numbers: Float32Array): void {
  if (!numbers.every(Number.isFinite)) throw new PackError(`${file} gives numbers that are not finite.`)
}
