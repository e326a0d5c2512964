/** On what a benchmark ran. */
import { createRequire } from 'node:module'
import { cpus, loadavg } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  /** Threads inside one operator of a graph. */
  readonly threads: number
  readonly node: string
  readonly onnxruntime: string
}

export function machineWith(threads: number): Machine {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const cores = cpus()
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    threads,
    node: process.version,
    onnxruntime: version,
  }
}

/** Mean number of processes that wanted a core in the last minute. */
export const loadNow = (): number => Number((loadavg()[0] ?? Number.NaN).toFixed(1))

/** The middle value, the lower of two. NaN of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? Number.NaN
}
