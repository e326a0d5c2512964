/** A pack from S3 to a machine's disk: whole or not at all, and only what is not there yet. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { pullPack } from '../../gpu-runner/pull-pack/pull-pack.ts'
import { type Edge, startEdge } from './edge.ts'

const PACK = new URL('../../gpu-runner/packs/emoji-world/', import.meta.url)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('pulling a pack', () => {
  let edge: Edge
  let folder: string
  let manifest: { files: Record<string, { sha256: string; bytes: number }> }
  before(async () => {
    edge = await startEdge()
    folder = await mkdtemp(join(tmpdir(), 'rollover-pull-'))
    manifest = JSON.parse(await readFile(new URL('pack.json', PACK), 'utf8'))
    for (const name of ['pack.json', ...Object.keys(manifest.files)])
      await put(name, await readFile(new URL(name, PACK)))
  })
  after(async () => {
    await rm(folder, { recursive: true })
    await edge.close()
  })
  const put = (name: string, Body: Uint8Array, prefix = 'packs/emoji-world') =>
    edge.api.bucket.client.send(new PutObjectCommand({ Bucket: edge.api.bucket.name, Key: `${prefix}/${name}`, Body }))
  const pull = (into: string, prefix = 'packs/emoji-world') =>
    pullPack({ s3: edge.api.bucket.client, source: `s3://${edge.api.bucket.name}/${prefix}`, folder: into })

  test('brings every file as the manifest says, and nothing else', async () => {
    const into = join(folder, 'first')
    const { files, bytes } = await pull(into)
    assert.equal(files, Object.keys(manifest.files).length)
    assert.equal(
      bytes,
      Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0),
    )
    assert.deepEqual((await readdir(into)).sort(), ['pack.json', ...Object.keys(manifest.files)].sort())
    for (const [name, file] of Object.entries(manifest.files))
      assert.equal(sha256(await readFile(join(into, name))), file.sha256)
  })

  test('fetches nothing a second time, and again what was spoilt', async () => {
    const into = join(folder, 'first')
    assert.deepEqual(await pull(into), { files: 0, bytes: 0 })
    const [name = ''] = Object.keys(manifest.files)
    await writeFile(join(into, name), 'spoilt')
    assert.equal((await pull(into)).files, 1)
  })

  test('may be done twice at the same moment on one machine', async () => {
    const into = join(folder, 'both')
    await Promise.all([pull(into), pull(into)])
    for (const [name, file] of Object.entries(manifest.files))
      assert.equal(sha256(await readFile(join(into, name))), file.sha256)
  })

  test('refuses a file that is another than the manifest says, and leaves no manifest', async () => {
    const [name = ''] = Object.keys(manifest.files)
    await put('pack.json', await readFile(new URL('pack.json', PACK)), 'packs/wrong')
    for (const each of Object.keys(manifest.files))
      await put(each, each === name ? Buffer.from('another') : await readFile(new URL(each, PACK)), 'packs/wrong')
    const into = join(folder, 'wrong')
    await assert.rejects(pull(into, 'packs/wrong'), new RegExp(name))
    assert.ok(!(await readdir(into)).includes('pack.json'))
  })
})
