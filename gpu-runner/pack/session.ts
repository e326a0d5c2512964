/**
 * One graph as a function of tensors. The only file that knows onnxruntime.
 *
 * Each session is created once and lives as long as its thread: creating and releasing sessions leaks.
 * `run` blocks the event loop of the thread it is called on.
 */
import './without-telemetry.ts'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { checkExternalData } from './check-external-data.ts'
import { type FoundSignature, type Port, sizeOf } from './graph-signature.ts'
import { mayBeHeldTwice } from './held-twice.ts'
import { PROVIDERS_OF, type Provider } from './providers.ts'
import { type Pack, PackError } from './read-pack.ts'

export type { Tensor }

/** What a run of a graph is counted under. */
export const GRAPH_NAMES = ['encode', 'velocity', 'decode', 'reward', 'fused', 'gradient'] as const
export type GraphName = (typeof GRAPH_NAMES)[number]

/** Threads inside one operator of each graph, integers >= 1. */
export type GraphThreads = Readonly<Record<GraphName, number>>

/** Tells how long one run of a graph on `rows` rows took. */
export type OnRun = (run: GraphRun) => void

export interface GraphRun {
  readonly graph: GraphName
  readonly rows: number
  readonly ms: number
}

export interface GraphOptions {
  /** A number is the same for each graph. */
  readonly threads: number | GraphThreads
  /** Where the graphs run; the CPU unless said. */
  readonly provider?: Provider
  readonly onRun?: OnRun
  /** For the graphs that searches run most: while others want the same cores, they run with fewer threads. Never unless said. */
  readonly crowd?: Crowd
}

export interface Crowd {
  /** Threads meanwhile, an integer >= 1. */
  readonly threads: number
  /** Asked before each run. */
  readonly isThere: () => boolean
}

/** The outputs of one run by name, flattened; all are floats. */
export interface Outputs {
  /** As the graph gave it, in the runtime's memory. */
  raw(name: string): Floats
  /** Copied only where the graph is not in float32. */
  floats(name: string): Float32Array
}

export interface Session {
  readonly signature: FoundSignature
  /**
   * @param rows what the run is counted as
   * @param wanted names of outputs; all unless said
   */
  run(feeds: Readonly<Record<string, Tensor>>, rows: number, wanted?: readonly string[]): Promise<Outputs>
}

/** A graph of the pack. Rejects as `openBytes` does. */
export async function openSession(
  pack: Pack,
  { graph, file }: { graph: GraphName; file: string },
  options: GraphOptions,
): Promise<Session> {
  const bytes = await pack.read(file)
  await checkExternalData(pack, file, bytes)
  const session = await openBytes(bytes, { graph, file, folder: pack.folder }, options)
  free(bytes)
  return session
}

/**
 * A graph made of files that were checked. With a provider that is not to be had this rejects: nothing falls back in silence. Rejects
 * with PackError.
 * @param at `file` is what it is called in errors; `folder` has the weights that are beside it
 */
export async function openBytes(
  bytes: Uint8Array,
  { graph, file, folder }: { graph: GraphName; file: string; folder: string },
  { threads, provider = 'cpu', onRun, crowd }: GraphOptions,
): Promise<Session> {
  const alone = typeof threads === 'number' ? threads : threads[graph]
  const create = (threads: number) => createSession(bytes, { graph, folder, file, threads, provider })
  const session = await create(alone)
  const isFor = crowd !== undefined && crowd.threads < alone && IN_CROWDS.has(graph) && mayBeHeldTwice(bytes)
  const narrow = isFor ? { session: await create(crowd.threads), isThere: crowd.isThere } : undefined
  return {
    signature: { inputs: session.inputMetadata, outputs: session.outputMetadata },
    run: async (feeds, rows, wanted = session.outputNames) => {
      const start = performance.now()
      const outputs = await (narrow?.isThere() ? narrow.session : session).run(feeds, wanted)
      onRun?.({ graph, rows, ms: performance.now() - start })
      return {
        raw: (name) => rawFloatsOf(outputs, name),
        floats: (name) => {
          const data = rawFloatsOf(outputs, name)
          return data instanceof Float32Array ? data : new Float32Array(data)
        },
      }
    },
  }
}

/** A session's threads are its own for good, so there are two, of few graphs: each is another copy of the weights. */
const IN_CROWDS: ReadonlySet<GraphName> = new Set(['velocity', 'fused'])

/** They would keep what one run takes for good: one runs once a prompt, the other is as fast without (measured). */
const WITHOUT_ARENA: ReadonlySet<GraphName> = new Set(['encode', 'gradient'])

interface Creation {
  readonly graph: GraphName
  readonly folder: string
  readonly file: string
  readonly threads: number
  readonly provider: Provider
}

async function createSession(
  bytes: Uint8Array,
  { graph, folder, file, threads, provider }: Creation,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: [...PROVIDERS_OF[provider]],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableCpuMemArena: !WITHOUT_ARENA.has(graph),
      // Each session has a thread pool. One that spins for long takes the cores from those that have work (measured: 2-4x); from one
      // operator to the next in the same run it is some microseconds.
      extra: {
        session: {
          intra_op: { allow_spinning: '1', spin_duration_us: '5' },
          // Weights beside the graph are mapped from the files that were checked, not copied.
          model_external_initializers_file_folder_path: folder,
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

/** Numbers in the precision of the graph that takes them. */
export type Floats = Float32Array | Float16Array

const ARRAYS = { float32: Float32Array, float16: Float16Array, int64: BigInt64Array }

/** Rows of one shape as a batch in the type of the port. Throws RangeError on a row of another size. */
export function stack(port: Port, rows: readonly (Floats | BigInt64Array)[]): Tensor {
  for (const row of rows) checkSize(port, row)
  const [size, first] = [sizeOf(port.shape), rows[0]]
  const shape = [rows.length, ...port.shape]
  // One row of the port's type needs no copy.
  if (rows.length === 1 && first instanceof ARRAYS[port.type])
    return first instanceof BigInt64Array
      ? new Tensor('int64', first, shape)
      : floatTensor(port.type, first as Floats, shape)
  if (port.type === 'int64') {
    const ids = new BigInt64Array(rows.length * size)
    for (const [index, row] of rows.entries()) ids.set(row as BigInt64Array, index * size)
    return new Tensor('int64', ids, shape)
  }
  const data = new (port.type === 'float16' ? Float16Array : Float32Array)(rows.length * size)
  for (const [index, row] of rows.entries()) data.set(row as Floats, index * size)
  return floatTensor(port.type, data, shape)
}

function checkSize({ name, shape }: Port, row: Floats | BigInt64Array): void {
  const size = sizeOf(shape)
  if (row.length !== size) throw new RangeError(`${name} takes ${size} numbers a row, got ${row.length}`)
}

/** A batch that is in one piece already; copied only for a port of another precision. */
export function batchOf(port: Port, data: Float32Array, rows: number): Tensor {
  const whole = port.type === 'float16' ? new Float16Array(data) : data
  return floatTensor(port.type, whole, [rows, ...port.shape])
}

/** Gives back memory that must not be looked at any more. Left to the collector, images keep it busy, and files stay for long. */
export function free({ buffer, byteLength }: Float32Array | Uint8Array): void {
  // Small files may share theirs with others.
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0)
}

const lasting = new WeakMap<Floats | BigInt64Array, { readonly port: Port; readonly tensor: Tensor }>()

/** As `stack`, of rows that never change: where there is but one, its tensor is made once for the port. */
export function stackLasting(port: Port, rows: readonly (Floats | BigInt64Array)[]): Tensor {
  const [row] = rows
  if (row === undefined || rows.length > 1) return stack(port, rows)
  const known = lasting.get(row)
  if (known?.port === port) return known.tensor
  const tensor = stack(port, rows)
  lasting.set(row, { port, tensor })
  return tensor
}

/** onnxruntime-node 1.30 takes a Float16Array for an empty one ("not enough space"): it is shown the same memory as Uint16Array. */
function floatTensor(type: Port['type'], data: Floats, shape: readonly number[]): Tensor {
  const tensor = new Tensor(type, data as Float32Array, shape)
  if (data instanceof Float16Array)
    Object.defineProperty(tensor, 'data', { value: new Uint16Array(data.buffer, data.byteOffset, data.length) })
  return tensor
}

function rawFloatsOf(outputs: InferenceSession.OnnxValueMapType, name: string): Floats {
  const data: unknown = outputs[name]?.data
  if (data instanceof Float32Array || data instanceof Float16Array) return data
  throw new TypeError(`the graph gave no float tensor named ${name}`)
}
