/** Reward and judge graphs of a pack, fed by what they take beside the image, and the gradients of rewards. */
import type { JudgeGraph, RewardGraph } from '../../shared/contract/pack.ts'
import { checkSignature, type FoundSignature, floatPort, outputPort, type Port } from './graph-signature.ts'
import type { Pack } from './read-pack.ts'
import { feed, inputPorts, REWARD, type RewardInput } from './reward-inputs.ts'
import type { ScoreLatents } from './score-latents.ts'
import { batchOf, type GraphOptions, openSession, stack } from './session.ts'

/** Probabilities [B, classes, rows, columns], 0 but at the places of things; the sum over a class's places is its count. */
export interface Peaks {
  /** Without the batch. */
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export interface RewardScores {
  /** [B] */
  readonly rewards: Float32Array
  /** [B, classes] of a graph that counts, soft: sums of peak probabilities. */
  readonly counts?: Float32Array
  /** Where they are peaks of: of a graph that says so. */
  readonly peaks?: Peaks
}

/** Images [B, 3, H, W] in [-1, 1], or paths [B, points, 2], and an input for each. @param wants everything unless said */
export type ScoreImages = (
  images: Float32Array,
  inputs: readonly RewardInput[],
  wants?: 'rewards',
) => Promise<RewardScores>

export interface RewardGradients {
  /** [B] */
  readonly rewards: Float32Array
  /** [B, latent]: d reward / d latent, through the decoder. */
  readonly gradients: Float32Array
}

/** Clean latents, and an input for each. */
export type FollowGradient = (
  latents: readonly Float32Array[],
  inputs: readonly RewardInput[],
) => Promise<RewardGradients>

export interface OpenedReward {
  readonly score: ScoreImages
  /** Decoder and reward in one run: of the default reward, where they can be had so. */
  readonly scoreLatents?: ScoreLatents
  readonly gradient?: FollowGradient
}

/** Rejects with PackError. */
export async function openReward(pack: Pack, graph: RewardGraph, options: GraphOptions): Promise<OpenedReward> {
  const score = await openScore(pack, graph, options)
  return graph.gradient === undefined
    ? { score }
    : { score, gradient: await openGradient(pack, { graph, file: graph.gradient }, options) }
}

/** Loads and checks one graph that scores images, a reward's or a judge's. Rejects with PackError. */
export async function openScore(pack: Pack, graph: JudgeGraph, options: GraphOptions): Promise<ScoreImages> {
  const session = await openSession(pack, { graph: 'reward', file: graph.file }, options)
  const image = outputPort(session.signature, pack.manifest)
  const ports = inputPorts(graph)
  const peaks = graph.takes === 'counts' ? peaksPort(session.signature, graph.classes.length) : undefined
  checkSignature(graph.file, session.signature, {
    inputs: [image, ...ports],
    outputs: [REWARD, ...(graph.takes === 'counts' ? [countsPort(graph.classes)] : []), ...(peaks ? [peaks] : [])],
  })
  return async (images, inputs, wants) => {
    const feeds = { [image.name]: batchOf(image, images, inputs.length), ...feed(ports, inputs) }
    if (wants === 'rewards')
      return { rewards: (await session.run(feeds, inputs.length, [REWARD.name])).floats('reward') }
    const outputs = await session.run(feeds, inputs.length)
    return {
      rewards: outputs.floats('reward'),
      ...(graph.takes === 'counts' && { counts: outputs.floats('counts') }),
      ...(peaks && { peaks: { shape: peaks.shape, data: outputs.floats('peaks') } }),
    }
  }
}

async function openGradient(
  pack: Pack,
  { graph, file }: { graph: RewardGraph; file: string },
  options: GraphOptions,
): Promise<FollowGradient> {
  const session = await openSession(pack, { graph: 'gradient', file }, options)
  const latents = floatPort(session.signature, 'latents', pack.manifest.latent)
  const gradient = floatPort(session.signature, 'gradient', pack.manifest.latent)
  const ports = inputPorts(graph)
  checkSignature(file, session.signature, {
    inputs: [latents, ...ports],
    outputs: [REWARD, gradient],
  })
  return async (rows, inputs) => {
    const feeds = { latents: stack(latents, rows), ...feed(ports, inputs) }
    const outputs = await session.run(feeds, rows.length)
    return { rewards: outputs.floats('reward'), gradients: outputs.floats('gradient') }
  }
}

const countsPort = (classes: readonly string[]): Port => ({ name: 'counts', type: 'float32', shape: [classes.length] })

/** `peaks` [B, classes, rows, columns], which a graph that counts may give: what it counts, where it stands. Any size of grid. */
function peaksPort({ outputs }: FoundSignature, classes: number): Port | undefined {
  const found = outputs.find(({ name }) => name === 'peaks')
  if (found === undefined) return undefined
  const [rows, columns] = (found.shape ?? []).slice(2)
  return { name: 'peaks', type: 'float32', shape: [classes, Number(rows), Number(columns)] }
}
