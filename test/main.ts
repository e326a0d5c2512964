/**
 * `npm test [-- FILE...]`: every test file in a process of its own, two at a time, the longest first; ends with what the slowest
 * took, and with 1 when a test has failed.
 */
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

const FILES_AT_ONCE = 2
/** A test that never ends has failed: the longest takes three minutes. */
const LONGEST_MS = 12 * 60_000
/** When nothing was told for so long, a file has left something running that keeps its process. */
const SILENT_MS = 6 * 60_000
/** So that none of these begins when all else is done. */
const LONGEST = [
  'test/chaos/chaos.test.ts',
  'test/recovery/resume.test.ts',
  'test/docs/samples.test.ts',
  'test/recovery/sigterm.test.ts',
  'test/recovery/poison.test.ts',
  'test/e2e/crash.test.ts',
  'test/recovery/histories.test.ts',
  'test/browser/playground.test.ts',
]
const TOLD = 25

const root = fileURLToPath(new URL('..', import.meta.url))
const found = globSync('test/**/*.test.ts', { cwd: root }).sort()
const missing = LONGEST.filter((file) => !found.includes(file))
if (missing.length > 0) throw new Error(`there is no ${missing.join(', ')}`)
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : [...LONGEST, ...found.filter((file) => !LONGEST.includes(file))]

// Each file's process compiles the same packages: what one has compiled is kept for the others, a third of their start.
// biome-ignore lint/style/noProcessEnv: for the processes that are started here
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'rollover-compile-cache')

const seconds = new Map<string, number>()
const stopping = new AbortController()
const events = run({
  cwd: root,
  files: files.map((file) => join(root, file)),
  concurrency: FILES_AT_ONCE,
  timeout: LONGEST_MS,
  // Not forceExit: it loses what a process has not told yet, and tests that stand behind an await.
  signal: stopping.signal,
})
const watchdog = setTimeout(() => {
  process.exitCode = 1
  const left = files.filter((file) => !seconds.has(file))
  console.error(
    `nothing was told for ${SILENT_MS / 60_000} minutes; the first of these has not ended: ${left.join(', ')}`,
  )
  stopping.abort()
}, SILENT_MS)
events.on('data', () => watchdog.refresh())
events.on('test:summary', ({ file, duration_ms: ms, success }) => {
  if (file !== undefined) seconds.set(file.slice(root.length), ms / 1000)
  if (!success) process.exitCode = 1
})
events.once('end', () => {
  clearTimeout(watchdog)
  const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, TOLD)
  for (const [file, took] of slowest) console.log(`${took.toFixed(1).padStart(7)} s  ${file}`)
})
events.compose(spec).pipe(process.stdout)
