/** `node start.ts BUNDLE [EVENT]`: a function's cold start in a process of its own; reports to its parent. */
import { importHandler, invoke } from './lambda-runtime.ts'

export interface StartReport {
  readonly importMs: number
  readonly importCpuMs: number
  /** The first event of a fresh process: connections and code that was never run. Undefined without an event. */
  readonly firstMs?: number
  readonly residentMb: number
}

const [bundle = '', event] = process.argv.slice(2)
const start = performance.now()
const startCpu = process.cpuUsage()
const handler = await importHandler(bundle)
const { user, system } = process.cpuUsage(startCpu)
const imported = { importMs: performance.now() - start, importCpuMs: (user + system) / 1000 }
const from = performance.now()
if (event !== undefined) await invoke(handler, JSON.parse(event))
const first = event === undefined ? {} : { firstMs: performance.now() - from }
const report: StartReport = { ...imported, ...first, residentMb: process.memoryUsage().rss / 1e6 }
process.send?.(report, () => process.exit(0))
