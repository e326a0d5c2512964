/** The model runtime tells nobody what runs: it would leave its files, and its device's name, before it sends anything. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'

const MODEL = new URL('../../../gpu-runner/engine/model.ts', import.meta.url).href
const PACK = new URL('../../../gpu-runner/packs/emoji-world', import.meta.url).pathname

describe('a process that opens a model', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rollover-telemetry-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('leaves no file of the telemetry of onnxruntime', async () => {
    const entry = join(folder, 'open.ts')
    const home = await mkdtemp(join(folder, 'home-'))
    await writeFile(
      entry,
      `import { openModel } from '${MODEL}'
const model = await openModel({ packFolder: '${PACK}', provider: 'cpu', threads: 1, onCrash: () => process.exit(1) })
await model.close()
console.log('closed')
`,
    )
    // Without CI, which would switch it off besides.
    const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: home }
    const { stdout } = await promisify(execFile)(process.execPath, [entry], { env })
    assert.equal(stdout, 'closed\n')
    assert.deepEqual(await readdir(home), [])
  })
})
