/** The quickstart, block by block, as a newcomer pastes it. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decode } from 'fast-png'
import { type RunningStack, runStack } from './stack.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const WRITTEN = ['generation.json', 'by-curl.png', 'by-cli.png', 'first.ts', 'by-client.png']
const missing = spawnSync('curl', ['--version']).error === undefined ? false : 'curl is not installed'

describe('docs/quickstart.md', { skip: missing }, () => {
  let running: RunningStack
  let sections: Map<string, string[]>
  let environment: Record<string, string>
  before(async () => {
    running = await runStack()
    environment = {
      // biome-ignore lint/style/noProcessEnv: where the programs are
      PATH: process.env['PATH'] ?? '',
      HOME: running.dataFolder,
      ROLLOVER_URL: running.stack.url,
      ROLLOVER_API_KEY: (await running.open()).apiKey,
    }
    const text = await readFile(join(ROOT, 'docs/quickstart.md'), 'utf8')
    sections = new Map(
      text
        .split(/^## /m)
        .map((section) => [
          section.slice(0, section.indexOf('\n')),
          [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? ''),
        ]),
    )
    await run('mkdir', ['-p', 'out'], { cwd: ROOT })
  })
  after(async () => {
    await running.close()
    for (const name of WRITTEN) await rm(join(ROOT, 'out', name), { force: true })
  })

  /** The blocks of a section, in one shell. */
  const paste = (section: string) => {
    const blocks = sections.get(section) ?? []
    assert.ok(blocks.length > 0, section)
    return run('bash', ['-euc', blocks.join('\n')], { cwd: ROOT, env: environment })
  }
  const isPicture = async (name: string) => assert.equal(decode(await readFile(join(ROOT, 'out', name))).width, 128)

  test('leads to an image by curl', async () => {
    await paste('By curl')
    await isPicture('by-curl.png')
    const generation = JSON.parse(await readFile(join(ROOT, 'out/generation.json'), 'utf8'))
    assert.equal(generation.status, 'succeeded')
  })

  test('leads to an image by the command line', async () => {
    await paste('By the command line')
    await isPicture('by-cli.png')
  })

  test('leads to an image by the client', async () => {
    const { stdout } = await paste('By the TypeScript client')
    assert.match(stdout, /NFEs, best reward/)
    await isPicture('by-client.png')
  })

  test('starts with commands and a key file that are there', async () => {
    const [start = '', second = ''] = sections.get('Start the service') ?? []
    assert.equal(start, 'npm ci\nnpm start\n')
    const kept = join(running.dataFolder, 'first-account.json')
    // What npm start writes (cdk/local/start.ts), read as the quickstart reads it.
    await run('bash', [
      '-c',
      `echo '${JSON.stringify({ account_id: 'a', api_key: 'rk_1', webhook_secret: 'w' }, null, 1)}' > ${kept}`,
    ])
    const read = second.replace('.rollover/first-account.json', kept)
    const { stdout } = await run('bash', ['-euc', `cd ${running.dataFolder}\n${read}\necho $ROLLOVER_API_KEY`])
    assert.equal(stdout.trim(), 'rk_1')
  })
})
