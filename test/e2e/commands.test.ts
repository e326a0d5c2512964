/** The README's commands, as a script would use them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'
import { z } from 'zod'

const DEMO = fileURLToPath(new URL('../../cdk/local/demo.ts', import.meta.url))
const START = fileURLToPath(new URL('../../cdk/local/start.ts', import.meta.url))

const readySchema = z.strictObject({ url: z.url(), api_key: z.string(), admin_key: z.string() })

describe('the command', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollover-commands-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('npm run demo ends with one JSON line that tells image, counts, NFEs and price', async () => {
    const child = spawn(process.execPath, [DEMO, '--json', '--nfe', '60', 'three cats and two stars'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    const lines = out.trim().split('\n')
    assert.equal(lines.length, 1)
    const report = JSON.parse(lines[0] ?? '')
    assert.deepEqual(Object.keys(report).toSorted(), [
      'counts',
      'image',
      'nfe',
      'price_micro_usd',
      'reward',
      'seed',
      'status',
      'stop_reason',
      'webhook_verified',
    ])
    assert.equal(report.status, 'succeeded')
    assert.equal(report.webhook_verified, true)
    assert.deepEqual(report.counts.asked, { cat: 3, star: 2 })
    assert.equal(report.nfe.used + report.nfe.refunded, report.nfe.held)
    assert.equal(decode(await readFile(report.image)).width, 128)
  })

  test('npm start -- --json prints one line, keeps its data over a restart and stops cleanly on SIGTERM', async () => {
    const data = join(folder, 'data')
    const start = async () => {
      const args = [START, '--port', '0', '--data', data, '--json']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = await once(createInterface(child.stdout), 'line')
      return { child, ready: readySchema.parse(JSON.parse(line)) }
    }
    const stop = async ({ child }: Awaited<ReturnType<typeof start>>) => {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      assert.equal(code, 0)
    }
    const creditOf = async ({ url, api_key }: z.infer<typeof readySchema>) => {
      const response = await fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${api_key}` } })
      return z.looseObject({ id: z.string(), credited_micro_usd: z.number() }).parse(await response.json())
    }
    const first = await start()
    const before_ = await creditOf(first.ready)
    await stop(first)
    const second = await start()
    assert.equal(second.ready.api_key, first.ready.api_key)
    assert.equal(second.ready.admin_key, first.ready.admin_key)
    assert.deepEqual(await creditOf(second.ready), before_)
    await stop(second)
    await assert.rejects(fetch(second.ready.url))
  })
})
