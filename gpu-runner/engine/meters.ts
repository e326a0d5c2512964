/**
 * Counts kept at the model, in memory that the model thread and its owner share: they can be read at any moment, and are
 * still right after the thread has crashed.
 */
import { GRAPH_NAMES, type GraphName, type GraphRun } from '../pack/session.ts'

const FIELDS = 3

export interface GraphMeter {
  readonly runs: number
  /** Rows over all runs. */
  readonly rows: number
  /** Milliseconds from the call of the graph to its answer; where a thread works on several batches, they wait for each other inside. */
  readonly ms: number
}

export type Meters = Readonly<Record<GraphName, GraphMeter>>

export const createNfeMeter = (): BigInt64Array =>
  new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))

export const readNfe = (meter: BigInt64Array): number => Number(Atomics.load(meter, 0))

export const spendNfe = (meter: BigInt64Array): void => void Atomics.add(meter, 0, 1n)

/** For each thread its own, [graphs, fields], as plain numbers: three atomic bigints a run took 30 µs of an evaluation. */
export const createGraphMeters = (threads: number): Float64Array[] => {
  const fields = GRAPH_NAMES.length * FIELDS
  const shared = new SharedArrayBuffer(threads * fields * Float64Array.BYTES_PER_ELEMENT)
  const bytes = fields * Float64Array.BYTES_PER_ELEMENT
  return Array.from({ length: threads }, (_, at) => new Float64Array(shared, at * bytes, fields))
}

/** On the meters of the thread that ran it. */
export function addRun(meters: Float64Array, { graph, rows, ms }: GraphRun): void {
  const at = GRAPH_NAMES.indexOf(graph) * FIELDS
  meters[at] = (meters[at] as number) + 1
  meters[at + 1] = (meters[at + 1] as number) + rows
  meters[at + 2] = (meters[at + 2] as number) + ms
}

/** Over all threads. */
export function readGraphMeters(threads: readonly Float64Array[]): Meters {
  const read = (graph: GraphName): GraphMeter => {
    const at = GRAPH_NAMES.indexOf(graph) * FIELDS
    const sumOf = (field: number) => threads.reduce((sum, meters) => sum + (meters[at + field] ?? 0), 0)
    return { runs: sumOf(0), rows: sumOf(1), ms: sumOf(2) }
  }
  return {
    encode: read('encode'),
    velocity: read('velocity'),
    decode: read('decode'),
    reward: read('reward'),
    fused: read('fused'),
    gradient: read('gradient'),
  }
}
