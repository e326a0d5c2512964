/** Decoder and reward as one graph: between the two the image stays in the runtime, and one call is less to make. */
import type { RewardGraph } from '../../shared/contract/pack.ts'
import { fuseGraphs } from './fuse-graphs.ts'
import { floatPort } from './graph-signature.ts'
import { bytesHeldTwice, mayBeHeldTwice } from './held-twice.ts'
import type { Pack } from './read-pack.ts'
import { feed, inputPorts, REWARD, type RewardInput } from './reward-inputs.ts'
import { free, type GraphOptions, openBytes, stack } from './session.ts'

export interface LatentScores {
  /** [B] */
  readonly rewards: Float32Array
  /** What `decode` gives, [B, ...], where it was wanted. */
  readonly images?: Float32Array
}

/** Clean latents, and an input for each. */
export type ScoreLatents = (
  latents: readonly Float32Array[],
  inputs: readonly RewardInput[],
  wants: { readonly images: boolean },
) => Promise<LatentScores>

/** Undefined where the two are no small graphs that can be joined. Rejects with PackError. */
export async function openScoreLatents(
  pack: Pack,
  graph: RewardGraph,
  options: GraphOptions,
): Promise<ScoreLatents | undefined> {
  const { graphs, latent, output } = pack.manifest
  if (bytesHeldTwice(pack.manifest, { sessions: 1 }) === 0) return undefined
  const [decoder, reward] = [await pack.read(graphs.decode), await pack.read(graph.file)]
  if (!mayBeHeldTwice(decoder, reward)) return undefined
  const bytes = fuseGraphs(decoder, reward, output.kind)
  free(decoder)
  free(reward)
  if (bytes === undefined) return undefined
  const file = `${graphs.decode} with ${graph.file}`
  const session = await openBytes(bytes, { graph: 'fused', file, folder: pack.folder }, options)
  free(bytes)
  const latents = floatPort(session.signature, 'latents', latent)
  const ports = inputPorts(graph)
  return async (rows, inputs, { images }) => {
    const feeds = { latents: stack(latents, rows), ...feed(ports, inputs) }
    const outputs = await session.run(feeds, rows.length, images ? [REWARD.name, output.kind] : [REWARD.name])
    return { rewards: outputs.floats(REWARD.name), ...(images && { images: outputs.floats(output.kind) }) }
  }
}
