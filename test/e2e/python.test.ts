/** A Python user: the example of docs/python.md against the whole stack, by nothing but the standard library. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decode } from 'fast-png'
import { type RunningStack, runStack } from './stack.ts'

const run = promisify(execFile)
const EXAMPLE = fileURLToPath(new URL('../python/rollover_example.py', import.meta.url))
const GUIDE = fileURLToPath(new URL('../../docs/python.md', import.meta.url))
const missing = spawnSync('python3', ['--version']).error === undefined ? false : 'python3 is not installed'

describe('from Python', { skip: missing }, () => {
  let running: RunningStack
  let apiKey: string
  before(async () => {
    running = await runStack()
    apiKey = (await running.open(100_000)).apiKey
  })
  after(() => running.close())

  const python = (...args: string[]) =>
    run('python3', [EXAMPLE, ...args], {
      cwd: running.dataFolder,
      env: { ROLLOVER_URL: running.stack.url, ROLLOVER_API_KEY: apiKey, PATH },
    })

  test('a generation is made, waited for, downloaded and checked', async () => {
    const { stdout } = await python('two bears and three apples', 'found.png')
    assert.match(stdout, /asked \{'apple': 3, 'bear': 2\}|asked \{'bear': 2, 'apple': 3\}/)
    assert.match(stdout, /of 60 NFEs, \$0\.00/)
    assert.equal(decode(await readFile(join(running.dataFolder, 'found.png'))).width, 128)
  })

  test('a refusal is told by its code and its sentence', async () => {
    await assert.rejects(python('seven baloons'), ({ stderr }: { stderr: string }) => {
      assert.match(stderr, /invalid_request: .*balloons/)
      return true
    })
  })

  test('the guide shows the functions of the example as they are', async () => {
    const example = await readFile(EXAMPLE, 'utf8')
    const shown = [...(await readFile(GUIDE, 'utf8')).matchAll(/```python\n([\s\S]*?)```/g)].map(
      ([, code]) => code ?? '',
    )
    assert.ok(shown.length >= 2)
    for (const code of shown) assert.ok(example.includes(code.trim()), code)
  })
})

// biome-ignore lint/style/noProcessEnv: where the programs are
const PATH = process.env['PATH'] ?? ''
