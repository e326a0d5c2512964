/** A benchmark that is killed leaves no server behind: here a stand-in for Python, which serves and has a worker, is what it started. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const BENCH = fileURLToPath(new URL('../../bench/engine/main.ts', import.meta.url))
const LIMIT_MS = 60_000

/** Is healthy, answers no request for a graph, and tells the ids of its processes when it gets one. */
const standIn = (told: string): string => `#!${process.execPath}
const { spawn } = require('node:child_process')
if (process.argv[2] === '-c') process.exit(0)
const worker = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'])
require('node:http').createServer((request, response) => {
  if (request.url === '/health') return response.end('ok')
  require('node:fs').writeFileSync(${JSON.stringify(told)}, JSON.stringify([process.pid, worker.pid]))
}).listen(Number(process.argv[3]), '127.0.0.1')
`

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`a benchmark that gets ${signal} ends its server and the server's workers`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollover-killed-'))
    const [python, told] = [join(folder, 'python.cjs'), join(folder, 'told.json')]
    await writeFile(python, standIn(told))
    await chmod(python, 0o755)
    const asked = ['--quick', '--only', 'vs_litserve', '--litserve-python', python]
    const bench = spawn(process.execPath, [BENCH, ...asked], { stdio: 'ignore' })
    const exited = once(bench, 'exit')
    let pids: number[] = []
    try {
      for (const end = Date.now() + LIMIT_MS; pids.length === 0 && Date.now() < end; await sleep(100))
        pids = JSON.parse(await readFile(told, 'utf8').catch(() => '[]'))
      assert.equal(pids.length, 2, 'the server was asked for a graph')
      assert.deepEqual(pids.map(lives), [true, true])
      bench.kill(signal)
      const [code] = await exited
      assert.equal(code, signal === 'SIGINT' ? 130 : 143)
      assert.deepEqual(pids.map(lives), [false, false])
    } finally {
      bench.kill('SIGKILL')
      for (const pid of pids.filter(lives)) process.kill(pid, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    }
  })
