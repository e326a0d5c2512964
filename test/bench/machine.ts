/** On what a benchmark ran. */
import { createRequire } from 'node:module'
import { cpus, loadavg } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly onnxruntime: string
}

export function readMachine(): Machine {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown processor',
    cores: cores.length,
    node: process.version,
    onnxruntime: version,
  }
}

/** Mean number of processes that wanted a core in the last minute. */
export const loadNow = (): number => Number((loadavg()[0] ?? Number.NaN).toFixed(1))

/** The machine, how busy it was and the versions, as every page of results tells them; the loads of the whole run where it knows them. */
export function machineLine(loads: readonly number[] = [loadNow()]): string {
  const { cpu, cores, node, onnxruntime } = readMachine()
  const load = [...new Set([Math.min(...loads), Math.max(...loads)])].join(' to ')
  return `${cpu}, ${cores} cores, load ${load}; Node ${node.slice(1)}, onnxruntime ${onnxruntime}`
}
