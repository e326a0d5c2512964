/**
 * The graphs of a pack as typed functions. The only file that knows onnxruntime.
 *
 * Each session is created once and lives as long as its thread: creating and releasing sessions leaks.
 * `run` blocks the event loop of the thread it is called on.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type CountGraph, nfePerEvaluation } from '../../shared/contract/pack.ts'
import { type EncodeInputs, encodePorts } from './encode-inputs.ts'
import {
  checkSignature,
  conditioningPorts,
  type FoundSignature,
  floatPort,
  type Port,
  sizeOf,
} from './graph-signature.ts'
import { guide } from './guidance.ts'
import type { Provider } from './providers.ts'
import { type Pack, PackError } from './read-pack.ts'

/** Conditioning of one prompt: each tensor of the encoder by name, without the batch. */
export type Conditioning = Readonly<Record<string, Floats>>

/** Numbers in the precision of the graph that takes them. */
export type Floats = Float32Array | Float16Array

/** One latent on its way through the network. */
export interface VelocityRow {
  readonly latent: Float32Array
  /** Native time in [0, 1]. */
  readonly t: number
  readonly conditioning: Conditioning
  /** Called once an NFE, immediately before the network runs on this latent: twice with classifier-free guidance. */
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
  /** Token ids and masks [max_length] -> conditioning. */
  encode(inputs: EncodeInputs): Promise<Conditioning>
  /** What the network predicts for each row, guided, [B, latent]; costs `nfePerEvaluation` a row. */
  velocity(rows: readonly VelocityRow[]): Promise<Float32Array>
  /** Clean latents, flattened -> images [B, 3, H, W] in [-1, 1]. */
  decode(latents: readonly Float32Array[]): Promise<Float32Array>
  /** Images [B, 3, H, W] and a target [classes] for each -> reward and soft counts. */
  count: CountImages
}

/** Loads and checks every graph the runner uses. Rejects with PackError. */
export async function openGraphs(pack: Pack, options: GraphOptions): Promise<Graphs> {
  const { graphs, latent, resolution, rewards } = pack.manifest
  const encoder = await openSession(pack, graphs.encode, options)
  const inputs = encodePorts(pack.manifest)
  const conditioning = conditioningPorts(graphs.encode, signatureOf(encoder))
  checkSignature(graphs.encode, signatureOf(encoder), { inputs, outputs: conditioning })
  const decoder = await openSession(pack, graphs.decode, options)
  const latents = floatPort(signatureOf(decoder), 'latents', latent)
  const image = floatPort(signatureOf(decoder), 'image', [3, ...resolution])
  checkSignature(graphs.decode, signatureOf(decoder), { inputs: [latents], outputs: [image] })
  return {
    encode: async (given) => {
      const feeds = inputs.map(({ name, shape }) => [name, new Tensor('int64', given[name] ?? [], [1, ...shape])])
      const outputs = await timedRun('encode', encoder, options)(Object.fromEntries(feeds), 1)
      return rowOf(outputs, conditioning)
    },
    velocity: await openVelocity(pack, conditioning, options),
    decode: async (rows) => {
      const outputs = await timedRun('decode', decoder, options)({ latents: stack(latents, rows) }, rows.length)
      return floatsOf(outputs, 'image')
    },
    count: await openCountGraph(pack, rewards.count, options),
  }
}

/** The network, with its guidance. */
async function openVelocity(
  pack: Pack,
  conditioning: readonly Port[],
  options: GraphOptions,
): Promise<Graphs['velocity']> {
  const { graphs, latent, native, guidance } = pack.manifest
  const network = await openSession(pack, graphs.velocity, options)
  const [latents, time, scale, velocity] = [
    floatPort(signatureOf(network), 'latents', latent),
    floatPort(signatureOf(network), 't', []),
    floatPort(signatureOf(network), 'guidance', []),
    floatPort(signatureOf(network), 'velocity', latent),
  ]
  checkSignature(graphs.velocity, signatureOf(network), {
    inputs: [latents, time, ...(guidance.mode === 'embedded' ? [scale] : []), ...conditioning],
    outputs: [velocity],
  })
  const unconditional = guidance.mode === 'cfg' ? await readUnconditional(pack, conditioning, options) : undefined
  const cost = nfePerEvaluation(pack.manifest)
  const run = timedRun('velocity', network, options)

  return async (rows) => {
    const bare = unconditional === undefined ? [] : rows.map((row) => ({ ...row, conditioning: unconditional }))
    const all = [...rows, ...bare]
    const feeds: Record<string, Tensor> = {
      latents: stack(
        latents,
        all.map((row) => row.latent),
      ),
      t: stack(
        time,
        all.map((row) => Float32Array.of(row.t * native.time_scale)),
      ),
      ...(guidance.mode === 'embedded' && {
        guidance: stack(
          scale,
          all.map(() => Float32Array.of(guidance.scale)),
        ),
      }),
    }
    for (const port of conditioning)
      feeds[port.name] = stack(
        port,
        all.map((row) => row.conditioning[port.name] ?? new Float32Array()),
      )
    for (const row of rows) for (let nfe = 0; nfe < cost; nfe++) row.spend()
    const predicted = floatsOf(await run(feeds, all.length), 'velocity')
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
  const session = await openSession(pack, file, options)
  const { inputs, outputs } = signatureOf(session)
  // It knows no batch: its one row serves every row.
  const batched = outputs.map((port) => ({ ...port, shape: ['batch', ...(port.shape ?? []).slice(1)] }))
  checkSignature(file, { inputs, outputs: batched }, { inputs: [], outputs: conditioning })
  return rowOf(await session.run({}), conditioning)
}

/** The tensors of one row, copied out of the runtime's memory. */
const rowOf = (outputs: InferenceSession.OnnxValueMapType, ports: readonly Port[]): Conditioning =>
  Object.fromEntries(ports.map(({ name, shape }) => [name, rawFloatsOf(outputs, name).slice(0, sizeOf(shape))]))

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
      extra: {
        session: {
          intra_op: { allow_spinning: '0' },
          // Weights beside the graph are mapped from the files that were checked, not copied.
          model_external_initializers_file_folder_path: pack.folder,
        },
      },
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

/** Rows of one shape as a batch in the precision of the port. Throws RangeError on a row of another size. */
function stack(port: Port, rows: readonly Floats[]): Tensor {
  const size = sizeOf(port.shape)
  const data = new (port.type === 'float16' ? Float16Array : Float32Array)(rows.length * size)
  for (const [index, row] of rows.entries()) {
    if (row.length !== size) throw new RangeError(`${port.name} takes ${size} numbers a row, got ${row.length}`)
    data.set(row, index * size)
  }
  return new Tensor(port.type, data as Float32Array, [rows.length, ...port.shape])
}

function rawFloatsOf(outputs: InferenceSession.OnnxValueMapType, name: string): Floats {
  const data: unknown = outputs[name]?.data
  if (data instanceof Float32Array || data instanceof Float16Array) return data
  throw new TypeError(`the graph gave no float tensor named ${name}`)
}

/** Copied only where the graph is not in float32. */
function floatsOf(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = rawFloatsOf(outputs, name)
  return data instanceof Float32Array ? data : new Float32Array(data)
}
