/** The graphs of emoji-world in a loop with nothing between them: what an engine without any cost would take. */

import { sizeOf } from '../../../gpu-runner/pack/graph-signature.ts'
import { type Conditioning, type Graphs, openGraphs } from '../../../gpu-runner/pack/graphs.ts'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'
import { type Pack, readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { countGraphNamed, countTarget } from '../../../gpu-runner/reward/count.ts'
import type { Ask } from '../../../gpu-runner/search/search.ts'
import { COUNTS, MAX_BATCH, PACK_FOLDER } from './generation.ts'

/** Rows of one batch: through the network, and through decoder and reward. */
export interface Batch {
  readonly velocity: number
  readonly scored: number
}

/** One generation alone on the thread: its calls are cut where a batch is full, and never merged. */
export function batchesOf(asks: readonly Ask[]): Batch[] {
  const batches = []
  for (let at = 0; at < asks.length; at += MAX_BATCH) {
    const batch = asks.slice(at, at + MAX_BATCH)
    const without = (wants: Ask['wants']) => batch.filter((ask) => ask.wants !== wants).length
    batches.push({ velocity: without('reward'), scored: without('velocity') })
  }
  return batches
}

export interface BareGraphs {
  readonly pack: Pack
  readonly graphs: Graphs
  readonly conditioning: Conditioning
  readonly target: Float32Array
  readonly latent: Float32Array
}

export async function openBareGraphs(threads: number, provider: Provider = 'cpu'): Promise<BareGraphs> {
  const pack = await readPack(PACK_FOLDER)
  const graphs = await openGraphs(pack, { threads, provider })
  const inputs = Object.entries(pack.manifest.tokenizers).flatMap(([name, { max_length, mask }]) =>
    (mask ? ['ids', 'mask'] : ['ids']).map(
      (what) => [`${name}_${what}`, new BigInt64Array(max_length).fill(1n)] as const,
    ),
  )
  const conditioning = await graphs.encode(Object.fromEntries(inputs))
  const latent = Float32Array.from({ length: sizeOf(pack.manifest.latent) }, (_, i) => 1.4 * Math.sin(i * 12.9898))
  return {
    pack,
    graphs,
    conditioning,
    latent,
    target: countTarget(countGraphNamed('count', pack.manifest.rewards), COUNTS),
  }
}

/** Milliseconds for the same batches, and the image at the end, with nothing between the graphs. */
export async function loopBare(
  { graphs, conditioning, target, latent }: BareGraphs,
  batches: readonly Batch[],
): Promise<number> {
  const count = graphs.rewards.get('count')
  const start = performance.now()
  for (const { velocity, scored } of batches) {
    const row = { latent, t: 0.7, conditioning, spend: () => {} }
    if (velocity > 0) await graphs.velocity(Array(velocity).fill(row))
    const [latents, inputs] = [Array(scored).fill(latent), Array(scored).fill({ target })]
    if (scored > 0) await count?.scoreLatents?.(latents, inputs, { images: false })
  }
  await count?.score(await graphs.decode([latent]), [{ target }])
  return performance.now() - start
}
