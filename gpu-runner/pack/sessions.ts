/**
 * The graphs of a pack as typed functions. The only file that knows onnxruntime.
 *
 * Each session is created once and lives as long as its thread: creating and releasing sessions leaks.
 * `run` blocks the event loop of the thread it is called on.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { CountGraph } from '../../shared/contract/pack.ts'
import { checkSignature, conditioningPorts, type FoundSignature, type Port, sizeOf } from './graph-signature.ts'
import type { Provider } from './providers.ts'
import { type Pack, PackError } from './read-pack.ts'

/** Conditioning of one prompt: each tensor of the encoder by name, without the batch. */
export type Conditioning = Readonly<Record<string, Float32Array>>

/** One latent on its way through the network. */
export interface VelocityRow {
  readonly latent: Float32Array
  /** Native time in [0, 1]. */
  readonly t: number
  readonly conditioning: Conditioning
  /** Called once, immediately before the network runs on this latent: one NFE. */
  spend(): void
}

export type GraphName = 'encode' | 'velocity' | 'decode' | 'count'

/** Tells how long one run of a graph on `rows` rows took. */
export type OnRun = (run: { graph: GraphName; rows: number; nanoseconds: bigint }) => void

export interface GraphOptions {
  /** Threads inside one operator, an integer >= 1. */
  readonly threads: number
  /** Where the graphs run; the CPU unless said. */
  readonly provider?: Provider
  readonly onRun?: OnRun
}

export interface CountScores {
  /** [B] */
  readonly rewards: Float32Array
  /** [B, classes], soft: sums of peak probabilities. */
  readonly counts: Float32Array
}

export type CountImages = (images: Float32Array, targets: readonly Float32Array[]) => Promise<CountScores>

export interface Graphs {
  /** Token ids [max_length] -> conditioning. */
  encode(ids: BigInt64Array): Promise<Conditioning>
  /** What the network predicts for each row, [B, latent]; costs one NFE a row. */
  velocity(rows: readonly VelocityRow[]): Promise<Float32Array>
  /** Clean latents, flattened -> images [B, 3, H, W] in [-1, 1]. */
  decode(latents: readonly Float32Array[]): Promise<Float32Array>
  /** Images [B, 3, H, W] and a target [classes] for each -> reward and soft counts. */
  count: CountImages
}

/** Loads and checks every graph the runner uses. Rejects with PackError. */
export async function openGraphs(pack: Pack, options: GraphOptions): Promise<Graphs> {
  const { graphs, latent, resolution, tokenizer, native, rewards } = pack.manifest
  const open = (file: string) => openSession(pack, file, options)
  const encoder = await open(graphs.encode)
  const network = await open(graphs.velocity)
  const decoder = await open(graphs.decode)

  const ids: Port = { name: 'input_ids', type: 'int64', shape: [tokenizer.max_length] }
  const latents: Port = { name: 'latents', type: 'float32', shape: latent }
  const time: Port = { name: 't', type: 'float32', shape: [] }
  const velocity: Port = { name: 'velocity', type: 'float32', shape: latent }
  const image: Port = { name: 'image', type: 'float32', shape: [3, ...resolution] }
  const conditioning = conditioningPorts(graphs.encode, signatureOf(encoder))
  checkSignature(graphs.encode, signatureOf(encoder), { inputs: [ids], outputs: conditioning })
  checkSignature(graphs.velocity, signatureOf(network), {
    inputs: [latents, time, ...conditioning],
    outputs: [velocity],
  })
  checkSignature(graphs.decode, signatureOf(decoder), { inputs: [latents], outputs: [image] })

  return {
    encode: async (input) => {
      const run = timedRun('encode', encoder, options)
      const outputs = await run({ input_ids: new Tensor('int64', input, [1, ...ids.shape]) }, 1)
      return Object.fromEntries(conditioning.map(({ name }) => [name, floatsOf(outputs, name).slice()]))
    },
    velocity: async (rows) => {
      const feeds: Record<string, Tensor> = {
        latents: stack(
          latents,
          rows.map((row) => row.latent),
        ),
        t: stack(
          time,
          rows.map((row) => Float32Array.of(row.t * native.time_scale)),
        ),
      }
      for (const port of conditioning)
        feeds[port.name] = stack(
          port,
          rows.map((row) => row.conditioning[port.name] ?? new Float32Array()),
        )
      for (const row of rows) row.spend()
      return floatsOf(await timedRun('velocity', network, options)(feeds, rows.length), 'velocity')
    },
    decode: async (rows) => {
      const outputs = await timedRun('decode', decoder, options)({ latents: stack(latents, rows) }, rows.length)
      return floatsOf(outputs, 'image')
    },
    count: await openCountGraph(pack, rewards.count, options),
  }
}

/** Loads and checks one counting graph of the pack. Rejects with PackError. */
export async function openCountGraph(pack: Pack, graph: CountGraph, options: GraphOptions): Promise<CountImages> {
  const session = await openSession(pack, graph.file, options)
  const image: Port = { name: 'image', type: 'float32', shape: [3, ...pack.manifest.resolution] }
  const target: Port = { name: 'target', type: 'float32', shape: [graph.classes.length] }
  const reward: Port = { name: 'reward', type: 'float32', shape: [] }
  const counts: Port = { name: 'counts', type: 'float32', shape: [graph.classes.length] }
  checkSignature(graph.file, signatureOf(session), { inputs: [image, target], outputs: [reward, counts] })
  return async (images, targets) => {
    const feeds = {
      image: new Tensor('float32', images, [targets.length, ...image.shape]),
      target: stack(target, targets),
    }
    const outputs = await timedRun('count', session, options)(feeds, targets.length)
    return { rewards: floatsOf(outputs, 'reward'), counts: floatsOf(outputs, 'counts') }
  }
}

/** With `cuda` and no CUDA to be had this rejects: nothing falls back to the CPU in silence. */
async function openSession(
  pack: Pack,
  file: string,
  { threads, provider = 'cpu' }: GraphOptions,
): Promise<InferenceSession> {
  const bytes = await pack.read(file)
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Four sessions have four thread pools: spinning pools take the cores from the one that has work (measured: 2-4x).
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (provider !== 'cpu' && /provider/i.test(reason))
      throw new PackError(`${provider} was asked for and cannot be used on this machine: ${reason}`, { cause })
    throw new PackError(`${file} is not a graph that onnxruntime can load.`, { cause })
  }
}

const signatureOf = (session: InferenceSession): FoundSignature => ({
  inputs: session.inputMetadata,
  outputs: session.outputMetadata,
})

function timedRun(graph: GraphName, session: InferenceSession, { onRun }: GraphOptions) {
  return async (feeds: Record<string, Tensor>, rows: number) => {
    const start = process.hrtime.bigint()
    const outputs = await session.run(feeds)
    onRun?.({ graph, rows, nanoseconds: process.hrtime.bigint() - start })
    return outputs
  }
}

/** Rows of one shape as a batch. Throws RangeError on a row of another size. */
function stack(port: Port, rows: readonly Float32Array[]): Tensor {
  const size = sizeOf(port.shape)
  const data = new Float32Array(rows.length * size)
  for (const [index, row] of rows.entries()) {
    if (row.length !== size) throw new RangeError(`${port.name} takes ${size} numbers a row, got ${row.length}`)
    data.set(row, index * size)
  }
  return new Tensor('float32', data, [rows.length, ...port.shape])
}

function floatsOf(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data
  if (data instanceof Float32Array) return data
  throw new TypeError(`the graph gave no float32 tensor named ${name}`)
}
