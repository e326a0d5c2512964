/** The graphs of a pack as typed functions. */
import { nfePerEvaluation } from '../../shared/contract/pack.ts'
import { type EncodeInputs, encodePorts } from './encode-inputs.ts'
import { checkSignature, conditioningPorts, floatPort, outputPort, type Port, sizeOf } from './graph-signature.ts'
import { guide } from './guidance.ts'
import { type Pack, PackError } from './read-pack.ts'
import { type OpenedReward, openReward } from './reward-graphs.ts'
import { openScoreLatents } from './score-latents.ts'
import {
  type Floats,
  type GraphOptions,
  type Outputs,
  openSession,
  stack,
  stackLasting,
  type Tensor,
} from './session.ts'
import { checkSurroundings } from './surroundings.ts'

/** Conditioning of one prompt: each tensor of the encoder by name, without the batch. */
export type Conditioning = Readonly<Record<string, Floats>>

/** One latent on its way through the network. */
export interface VelocityRow {
  readonly latent: Float32Array
  /** Native time in [0, 1]. */
  readonly t: number
  readonly conditioning: Conditioning
  /** Called once an NFE, immediately before the network runs on this latent: twice with classifier-free guidance. */
  spend(): void
}

export interface Graphs {
  /** Token ids and masks [max_length] -> conditioning. */
  encode(inputs: EncodeInputs): Promise<Conditioning>
  /** What the network predicts for each row, guided, [B, latent]; costs `nfePerEvaluation` a row. */
  velocity(rows: readonly VelocityRow[]): Promise<Float32Array>
  /** Clean latents, flattened -> images [B, 3, H, W] in [-1, 1], or paths [B, points, 2]. */
  decode(latents: readonly Float32Array[]): Promise<Float32Array>
  /** The rewards of the pack that a client may ask for, by name. */
  readonly rewards: ReadonlyMap<string, OpenedReward>
}

/** Loads and checks every graph the runner uses. Rejects with PackError. */
export async function openGraphs(pack: Pack, options: GraphOptions): Promise<Graphs> {
  const { graphs, latent } = pack.manifest
  const encoder = await openSession(pack, { graph: 'encode', file: graphs.encode }, options)
  const inputs = encodePorts(pack.manifest)
  const conditioning = conditioningPorts(graphs.encode, encoder.signature)
  checkSignature(graphs.encode, encoder.signature, { inputs, outputs: conditioning })
  checkSurroundings(pack.manifest, conditioning)
  const decoder = await openSession(pack, { graph: 'decode', file: graphs.decode }, options)
  const latents = floatPort(decoder.signature, 'latents', latent)
  const given = outputPort(decoder.signature, pack.manifest)
  checkSignature(graphs.decode, decoder.signature, { inputs: [latents], outputs: [given] })
  return {
    encode: async (tokens) => {
      const feeds = inputs.map((port) => [port.name, stack(port, [tokens[port.name] ?? new BigInt64Array()])])
      return rowOf(await encoder.run(Object.fromEntries(feeds), 1), conditioning)
    },
    velocity: await openVelocity(pack, conditioning, options),
    decode: async (rows) => (await decoder.run({ latents: stack(latents, rows) }, rows.length)).floats(given.name),
    rewards: await openRewards(pack, options),
  }
}

/** The network, with its guidance. */
async function openVelocity(
  pack: Pack,
  conditioning: readonly Port[],
  options: GraphOptions,
): Promise<Graphs['velocity']> {
  const { graphs, latent, native, guidance } = pack.manifest
  const network = await openSession(pack, { graph: 'velocity', file: graphs.velocity }, options)
  const [latents, time, scale, velocity] = [
    floatPort(network.signature, 'latents', latent),
    floatPort(network.signature, 't', []),
    floatPort(network.signature, 'guidance', []),
    floatPort(network.signature, 'velocity', latent),
  ]
  checkSignature(graphs.velocity, network.signature, {
    inputs: [latents, time, ...(guidance.mode === 'embedded' ? [scale] : []), ...conditioning],
    outputs: [velocity],
  })
  const unconditional = guidance.mode === 'cfg' ? await readUnconditional(pack, conditioning, options) : undefined
  const cost = nfePerEvaluation(pack.manifest)

  return async (rows) => {
    const all =
      unconditional === undefined ? rows : [...rows, ...rows.map((row) => ({ ...row, conditioning: unconditional }))]
    const feeds: Record<string, Tensor> = {
      latents: stack(
        latents,
        all.map(({ latent }) => latent),
      ),
      t: stack(
        time,
        all.map(({ t }) => Float32Array.of(t * native.time_scale)),
      ),
    }
    if (guidance.mode === 'embedded')
      feeds['guidance'] = stack(
        scale,
        all.map(() => Float32Array.of(guidance.scale)),
      )
    for (const port of conditioning)
      feeds[port.name] = stackLasting(
        port,
        all.map((row) => row.conditioning[port.name] ?? new Float32Array()),
      )
    for (const row of rows) for (let nfe = 0; nfe < cost; nfe++) row.spend()
    const predicted = (await network.run(feeds, all.length)).floats('velocity')
    return guidance.mode === 'cfg' ? guide(predicted, guidance.scale) : predicted
  }
}

/** The conditioning of no prompt, which a graph without inputs gives. */
async function readUnconditional(
  pack: Pack,
  conditioning: readonly Port[],
  options: GraphOptions,
): Promise<Conditioning> {
  const { unconditional: file } = pack.manifest.graphs
  if (file === undefined) throw new PackError('pack.json has guidance cfg, but names no graphs.unconditional.')
  const session = await openSession(pack, { graph: 'encode', file }, options)
  const { inputs, outputs } = session.signature
  // It knows no batch: its one row serves every row.
  const batched = outputs.map((port) => ({ ...port, shape: ['batch', ...(port.shape ?? []).slice(1)] }))
  checkSignature(file, { inputs, outputs: batched }, { inputs: [], outputs: conditioning })
  return rowOf(await session.run({}, 1), conditioning)
}

/** The tensors of one row, copied out of the runtime's memory. */
const rowOf = (outputs: Outputs, ports: readonly Port[]): Conditioning =>
  Object.fromEntries(ports.map(({ name, shape }) => [name, outputs.raw(name).slice(0, sizeOf(shape))]))

async function openRewards(pack: Pack, options: GraphOptions): Promise<Graphs['rewards']> {
  const rewards = new Map<string, OpenedReward>()
  for (const [name, graph] of Object.entries(pack.manifest.rewards)) {
    if (!graph.offered) continue
    const opened = await openReward(pack, graph, options)
    // Of no other: for each the decoder is in memory once more.
    const isDefault = name === pack.manifest.default_reward
    const scoreLatents = isDefault ? await openScoreLatents(pack, graph, options) : undefined
    rewards.set(name, scoreLatents ? { ...opened, scoreLatents } : opened)
  }
  return rewards
}
