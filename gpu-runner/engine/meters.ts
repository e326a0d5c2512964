/**
 * Counts kept at the model, in memory that the model thread and its owner share: they can be read at any moment, and are
 * still right after the thread has crashed.
 */
import { GRAPH_NAMES, type GraphName } from '../pack/session.ts'

const FIELDS = 3

export interface GraphMeter {
  readonly runs: number
  /** Rows over all runs. */
  readonly rows: number
  /** Milliseconds inside the graph. */
  readonly ms: number
}

export type Meters = Readonly<Record<GraphName, GraphMeter>>

export const createNfeMeter = (): BigInt64Array =>
  new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))

export const readNfe = (meter: BigInt64Array): number => Number(Atomics.load(meter, 0))

export const spendNfe = (meter: BigInt64Array): void => void Atomics.add(meter, 0, 1n)

export const createGraphMeters = (): BigInt64Array =>
  new BigInt64Array(new SharedArrayBuffer(GRAPH_NAMES.length * FIELDS * BigInt64Array.BYTES_PER_ELEMENT))

export function addRun(meters: BigInt64Array, run: { graph: GraphName; rows: number; nanoseconds: bigint }): void {
  const at = GRAPH_NAMES.indexOf(run.graph) * FIELDS
  Atomics.add(meters, at, 1n)
  Atomics.add(meters, at + 1, BigInt(run.rows))
  Atomics.add(meters, at + 2, run.nanoseconds)
}

export function readGraphMeters(meters: BigInt64Array): Meters {
  const read = (graph: GraphName): GraphMeter => {
    const at = GRAPH_NAMES.indexOf(graph) * FIELDS
    const [runs, rows, nanoseconds] = [0, 1, 2].map((field) => Number(Atomics.load(meters, at + field)))
    return { runs: runs ?? 0, rows: rows ?? 0, ms: (nanoseconds ?? 0) / 1e6 }
  }
  return {
    encode: read('encode'),
    velocity: read('velocity'),
    decode: read('decode'),
    reward: read('reward'),
    gradient: read('gradient'),
  }
}
