/** Packs between S3 and a machine's disk: whole or not at all, and only what is not there yet. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { pullPack } from '../../gpu-runner/manage-packs/pull.ts'
import { pullFile } from '../../gpu-runner/manage-packs/pull-file.ts'
import { pushPack } from '../../gpu-runner/manage-packs/push.ts'
import { sha256OfFile } from '../../gpu-runner/pack/digest.ts'
import { PackError, readPack } from '../../gpu-runner/pack/read-pack.ts'
import { type Edge, startEdge } from './edge.ts'

const PACK = fileURLToPath(new URL('../../gpu-runner/packs/emoji-world/', import.meta.url))

const refuses = (sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PackError, String(error))
  assert.match(error.message, sentence)
  return true
}

describe('pushing and pulling a pack', () => {
  let edge: Edge
  let folder: string
  let s3: S3Client
  let files: Record<string, { sha256: string; bytes: number }>
  const at = (prefix: string) => `s3://${edge.api.bucket.name}/${prefix}`
  const pull = (into: string, prefix = 'packs/emoji-world') => pullPack({ s3, source: at(prefix), folder: into })
  const put = (key: string, Body: Uint8Array | string) =>
    s3.send(new PutObjectCommand({ Bucket: edge.api.bucket.name, Key: key, Body }))
  const sizes = () => Object.values(files).reduce((sum, file) => sum + file.bytes, 0)

  before(async () => {
    edge = await startEdge()
    s3 = edge.api.bucket.client
    folder = await mkdtemp(join(tmpdir(), 'rollover-pull-'))
    files = (await readPack(PACK)).manifest.files
  })
  after(async () => {
    await rm(folder, { recursive: true })
    await edge.close()
  })

  test('a push sends every file once, the manifest last', async () => {
    const sent: string[] = []
    const push = () =>
      pushPack({ s3, folder: PACK, target: at('packs/emoji-world'), onProgress: ({ file }) => sent.push(file) })
    assert.deepEqual(await push(), { files: Object.keys(files).length, bytes: sizes() })
    assert.deepEqual(new Set(sent), new Set(Object.keys(files)))
    assert.deepEqual(await push(), { files: 0, bytes: 0 })
  })

  test('a pull brings every file as the manifest says, and nothing else', async () => {
    const into = join(folder, 'first')
    assert.deepEqual(await pull(into), { files: Object.keys(files).length, bytes: sizes() })
    assert.deepEqual((await readdir(into)).sort(), ['pack.json', ...Object.keys(files)].sort())
    for (const [name, file] of Object.entries(files)) assert.equal(await sha256OfFile(join(into, name)), file.sha256)
  })

  test('a second pull fetches nothing, and again what was spoilt', async () => {
    const into = join(folder, 'first')
    assert.deepEqual(await pull(into), { files: 0, bytes: 0 })
    await writeFile(join(into, Object.keys(files)[0] ?? ''), 'spoilt')
    assert.equal((await pull(into)).files, 1)
  })

  test('may be done twice at the same moment on one machine', async () => {
    const into = join(folder, 'both')
    await Promise.all([pull(into), pull(into)])
    for (const [name, file] of Object.entries(files)) assert.equal(await sha256OfFile(join(into, name)), file.sha256)
  })

  test('two files with the same bytes are pulled at the same moment', async () => {
    const into = join(folder, 'alike')
    await mkdir(into)
    const place = { bucket: edge.api.bucket.name, prefix: 'packs/emoji-world' }
    const alike = ['tokenizer.json', 'tokenizer-vqa.json']
    const [one, other] = alike.map((file) => files[file] as { sha256: string; bytes: number })
    assert.ok(one && other && one.sha256 === other.sha256)
    for (let time = 0; time < 5; time++) {
      await Promise.all(alike.map((file) => pullFile({ s3, place, file, listed: one, folder: into })))
      assert.deepEqual((await readdir(into)).sort(), alike.toSorted())
      for (const file of alike) await rm(join(into, file))
    }
  })

  test('takes what another put in place between its look at the ranges that are there and its first', async () => {
    const into = join(folder, 'late')
    await mkdir(into)
    const file = 'decode.onnx'
    const listed = files[file] as { sha256: string; bytes: number }
    const part = join(into, `.pulling-${listed.sha256}-${file}`)
    const place = { bucket: edge.api.bucket.name, prefix: 'packs/emoji-world' }
    const { ETag: tag } = await s3.send(new HeadObjectCommand({ Bucket: place.bucket, Key: `${place.prefix}/${file}` }))
    await writeFile(part, '')
    // The other's record of a part that it has moved away: no range is left to fetch.
    await writeFile(`${part}.json`, JSON.stringify({ tag, rangeBytes: listed.bytes, done: [0] }))
    await copyFile(join(folder, 'both', file), join(into, file))
    await pullFile({ s3, place, file, listed, folder: into, rangeBytes: listed.bytes })
    assert.equal(await sha256OfFile(join(into, file)), listed.sha256)
    assert.deepEqual(await readdir(into), [file])
  })

  test('a transfer that was cut off goes on with the ranges that are missing', async () => {
    const into = join(folder, 'cut')
    await mkdir(into)
    const file = 'decode.onnx'
    const listed = files[file] as { sha256: string; bytes: number }
    const place = { bucket: edge.api.bucket.name, prefix: 'packs/emoji-world' }
    const ranges: string[] = []
    const breaking = (after: number): S3Client =>
      new Proxy(s3, {
        get: (client, name) =>
          name !== 'send'
            ? Reflect.get(client, name)
            : async (command: { input: { Range?: string } }) => {
                const { Range } = command.input
                if (Range !== undefined && ranges.push(Range) > after) throw new Error('the line is dead')
                return client.send(command as never)
              },
      })
    const fetch = (client: S3Client) => pullFile({ s3: client, place, file, listed, folder: into, rangeBytes: 200_000 })
    await assert.rejects(fetch(breaking(5)), refuses(/decode\.onnx broke off: the line is dead/))
    const fetched = new Set(ranges.slice(0, 5))
    ranges.length = 0
    await fetch(breaking(Number.POSITIVE_INFINITY))
    assert.equal(await sha256OfFile(join(into, file)), listed.sha256)
    assert.equal(ranges.length, Math.ceil(listed.bytes / 200_000) - fetched.size)
    assert.ok(ranges.every((range) => !fetched.has(range)))
    assert.deepEqual(await readdir(into), [file])
  })

  test('refuses an object of another size before it fetches it, one of other bytes after, and leaves no manifest', async () => {
    const [name = ''] = Object.keys(files)
    const bytes = await readFile(join(PACK, name))
    for (const file of ['pack.json', ...Object.keys(files)])
      await put(`packs/wrong/${file}`, await readFile(join(PACK, file)))
    const into = join(folder, 'wrong')
    await put(`packs/wrong/${name}`, 'another')
    await assert.rejects(
      pull(into, 'packs/wrong'),
      refuses(new RegExp(`${name} has 7 bytes where pack.json says ${bytes.length}`)),
    )
    bytes[0] = (bytes[0] ?? 0) ^ 1
    await put(`packs/wrong/${name}`, bytes)
    await assert.rejects(pull(into, 'packs/wrong'), refuses(new RegExp(`${name} has sha256`)))
    await s3.send(new DeleteObjectCommand({ Bucket: edge.api.bucket.name, Key: `packs/wrong/${name}` }))
    await assert.rejects(pull(into, 'packs/wrong'), refuses(new RegExp(`${name} cannot be read`)))
    assert.deepEqual(await readdir(into), [])
  })

  test('refuses a manifest that is none, a pack that is not there, and one that the disk has no room for', async () => {
    await put('packs/none/pack.json', '{"name": "none"}')
    await assert.rejects(
      pull(join(folder, 'none'), 'packs/none'),
      refuses(/does not follow the contract: .*resolution/),
    )
    await assert.rejects(pull(join(folder, 'none'), 'packs/nowhere'), refuses(/nowhere\/pack\.json cannot be read/))
    await assert.rejects(pullPack({ s3, source: 's3://bucket', folder }), refuses(/is not s3:\/\/bucket\/prefix/))
    const manifest = JSON.parse(await readFile(join(PACK, 'pack.json'), 'utf8'))
    manifest.files['decode.onnx'].bytes = 2 ** 40
    manifest.files['decode.onnx'].sha256 = 'f'.repeat(64)
    await put('packs/huge/pack.json', JSON.stringify(manifest))
    await assert.rejects(pull(join(folder, 'huge'), 'packs/huge'), refuses(/needs 1\.1 TB more on the disk/))
  })

  test('a push refuses a pack that is not whole, and sends nothing', async () => {
    const broken = join(folder, 'first')
    await writeFile(join(broken, 'decode.onnx'), 'spoilt')
    await assert.rejects(
      pushPack({ s3, folder: broken, target: at('packs/broken') }),
      refuses(/^decode\.onnx has 6 bytes/),
    )
    await assert.rejects(pull(join(folder, 'broken'), 'packs/broken'), refuses(/cannot be read/))
  })
})
