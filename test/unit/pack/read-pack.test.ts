import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PackError, readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { readProfiles } from '../../../gpu-runner/pack/read-profiles.ts'
import { samplesOf } from '../../../gpu-runner/search/profile.ts'
import { changedPack, EMOJI_WORLD, graphOf, listing, packFile } from './pack-folder.ts'

const refuses = (sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PackError, String(error))
  assert.match(error.message, sentence)
  return true
}

test('reads the pack that ships, and every file it lists', async () => {
  const pack = await readPack(EMOJI_WORLD)
  assert.equal(pack.manifest.name, 'emoji-world')
  for (const [file, { bytes }] of Object.entries(pack.manifest.files))
    assert.equal((await pack.read(file)).byteLength, bytes)
})

test('refuses a file with one changed byte, and says which', async (t) => {
  const bytes = await packFile('tokenizer.json')
  bytes[bytes.length - 1] = 0x20
  const pack = await readPack(await changedPack(t, { files: { 'tokenizer.json': bytes } }))
  await assert.rejects(
    pack.read('tokenizer.json'),
    refuses(/^tokenizer\.json has sha256 [0-9a-f]{64} where pack\.json says [0-9a-f]{64}\.$/),
  )
})

test('refuses a file that was cut off, and says how many bytes are missing', async (t) => {
  const bytes = await packFile('tokenizer.json')
  const pack = await readPack(await changedPack(t, { files: { 'tokenizer.json': bytes.subarray(0, 100) } }))
  await assert.rejects(
    pack.read('tokenizer.json'),
    refuses(new RegExp(`^tokenizer\\.json has 100 bytes where pack\\.json says ${bytes.length}\\.$`)),
  )
})

test('refuses a file that is not there, and a folder without a manifest', async (t) => {
  const folder = await changedPack(t, {})
  await rm(join(folder, 'decode.onnx'))
  const pack = await readPack(folder)
  await assert.rejects(pack.read('decode.onnx'), refuses(/^decode\.onnx cannot be read/))
  await rm(join(folder, 'pack.json'))
  await assert.rejects(readPack(folder), refuses(/^pack\.json cannot be read/))
})

test('reads no file that the manifest does not list', async (t) => {
  const pack = await readPack(await changedPack(t, { files: { 'extra.onnx': Uint8Array.of(1) } }))
  await assert.rejects(pack.read('extra.onnx'), refuses(/not one of the files/))
  await assert.rejects(pack.read('../emoji-world/pack.json'), refuses(/not one of the files/))
  await assert.rejects(pack.read('constructor'), refuses(/not one of the files/))
})

test('refuses a manifest that is not JSON', async (t) => {
  const folder = await changedPack(t, {})
  await writeFile(join(folder, 'pack.json'), '{"name": ')
  await assert.rejects(readPack(folder), refuses(/^pack\.json is not JSON/))
})

const faulty: Record<string, [(manifest: Record<string, unknown>) => void, RegExp]> = {
  'an unknown key': [(m) => Object.assign(m, { nfe_capp: 3 }), /nfe_capp/],
  'a missing key': [(m) => delete m['latent'], /latent/],
  'a file outside the folder': [
    (m) => Object.assign(m['graphs'] as object, { encode: '../encode.onnx' }),
    /graphs\.encode/,
  ],
  'a graph without a listed sha256': [
    (m) => delete (m['files'] as Record<string, unknown>)['velocity.onnx'],
    /velocity\.onnx as graphs\.velocity/,
  ],
  'a plural of nothing': [
    (m) => Object.assign((m['rewards'] as { count: { plurals: object } }).count.plurals, { mice: 'mouse' }),
    /"mice" as a plural of "mouse"/,
  ],
}
for (const [what, [change, sentence]] of Object.entries(faulty))
  test(`refuses a manifest with ${what}`, async (t) => {
    await assert.rejects(readPack(await changedPack(t, { manifest: change })), refuses(sentence))
  })

test('refuses a reward that is the judge, also under another name', async (t) => {
  const sameFile = await changedPack(t, { manifest: (m) => Object.assign(m, { judges: { count: graphOf(m) } }) })
  await assert.rejects(readPack(sameFile), refuses(/reward-count\.onnx as a reward and as a judge/))
  const renamed = await changedPack(t, {
    manifest: (m) => {
      Object.assign(m, { judges: { count: { ...graphOf(m), file: 'judge-count.onnx' } } })
      Object.assign(m.files, { 'judge-count.onnx': m.files['reward-count.onnx'] })
    },
  })
  await assert.rejects(
    readPack(renamed),
    refuses(/reward-count\.onnx as a reward and as a judge \(judge-count\.onnx\)/),
  )
})

test('reads the profile that a pack brings, and refuses one that is not what adaptive can use', async (t) => {
  const profile = (await readProfiles(EMOJI_WORLD)).get('count')
  assert.ok(profile !== undefined && samplesOf(profile) > 200)
  const text = JSON.stringify({ ...profile, cells: profile?.cells.slice(1) })
  const bytes = new TextEncoder().encode(text)
  const folder = await changedPack(t, {
    files: { 'profile-count.json': bytes },
    manifest: (m) => Object.assign(m.files, { 'profile-count.json': listing(bytes) }),
  })
  await assert.rejects(readProfiles(folder), /no profile that adaptive can use/)
  const without = await changedPack(t, { manifest: (m) => delete m.rewards.count['profile'] })
  assert.equal((await readProfiles(without)).size, 0)
})
