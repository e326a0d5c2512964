import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keptSettings } from '../../../gpu-runner/calibrate/keep-settings.ts'

const packFolder = fileURLToPath(new URL('../../../gpu-runner/packs/trajectories', import.meta.url))

test('measures a machine once, keeps what it found, and measures again where that cannot be read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-calibration-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const measured = await keptSettings({ packFolder, folder })
  for (const count of [...Object.values(measured.threads), measured.sessions])
    assert.ok(count >= 1 && count <= availableParallelism())
  const [file = '', ...others] = await readdir(folder)
  assert.deepEqual(others, [])
  const path = join(folder, file)
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), measured)
  const other = { threads: { encode: 7, velocity: 6, decode: 5, reward: 4, fused: 8, gradient: 3 }, sessions: 2 }
  await writeFile(path, JSON.stringify(other))
  assert.deepEqual(await keptSettings({ packFolder, folder }), other)
  await writeFile(path, '{"threads": 7')
  const again = await keptSettings({ packFolder, folder })
  assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), again)
})

test('a pack that cannot be opened is refused with the reason', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-calibration-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'pack.json'), '{}')
  await assert.rejects(keptSettings({ packFolder: folder, folder }), /pack\.json/)
})
