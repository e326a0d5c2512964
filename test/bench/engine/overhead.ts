/** Memory of the runner beyond the graphs it serves. */
import { fileURLToPath } from 'node:url'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'
import { runGroup } from './children.ts'

const RESIDENT = fileURLToPath(new URL('./resident.ts', import.meta.url))
const MB = 1e6

export interface Overhead {
  /** MB (10^6 bytes) of the runner, Node and its modules included, less those of the graphs. */
  readonly overheadMb: number
  readonly runnerMb: number
  /** What opening and running the graphs adds to a process. */
  readonly graphsMb: number
}

/** Each in a process of its own, once. */
export async function measureOverhead(provider: Provider): Promise<Overhead> {
  const graphs = await residentOf('graphs', provider)
  const runner = await residentOf('runner', provider)
  const graphsMb = (graphs.after - graphs.before) / MB
  return { overheadMb: runner.after / MB - graphsMb, runnerMb: runner.after / MB, graphsMb }
}

async function residentOf(what: 'runner' | 'graphs', provider: Provider): Promise<{ before: number; after: number }> {
  return JSON.parse(await runGroup(process.execPath, [RESIDENT, what, provider]))
}
