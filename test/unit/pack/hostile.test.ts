/** Packs that are broken, too new, or made to do harm: each is refused with a sentence that names the field. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkExternalData } from '../../../gpu-runner/pack/check-external-data.ts'
import { readOnnxFile } from '../../../gpu-runner/pack/onnx-file.ts'
import { PackError, readPack } from '../../../gpu-runner/pack/read-pack.ts'
import { graphWithWeightsIn } from './onnx-writer.ts'
import { changedPack, EMOJI_WORLD, listing, packFile } from './pack-folder.ts'

const refuses = (sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PackError, String(error))
  assert.match(error.message, sentence)
  return true
}

type Change = (manifest: Record<string, unknown>) => void
const set =
  (values: Record<string, unknown>): Change =>
  (manifest) =>
    void Object.assign(manifest, values)

const manifests: Readonly<Record<string, [Change, RegExp]>> = {
  'a newer contract, whatever else it says': [
    set({ contract: 2, holograms: true }),
    /^pack\.json follows contract 2; this runner knows contract 1: update the runner/,
  ],
  'a graph that climbs out of the folder': [
    set({ graphs: { encode: '../../secret', velocity: 'velocity.onnx', decode: 'decode.onnx' } }),
    /graphs\.encode: a plain file name inside the pack folder/,
  ],
  'a file listed by an absolute path': [
    set({ files: { '/etc/passwd': { sha256: 'a'.repeat(64), bytes: 1 } } }),
    /files\.\/etc\/passwd|files: /,
  ],
  'a latent larger than any machine': [set({ latent: [65536, 65536] }), /latent: more than 16777216 numbers/],
  'an image larger than any machine': [set({ resolution: [1e9, 1e9] }), /resolution\.0/],
  'a prompt of a billion tokens': [
    set({ tokenizers: { input: { file: 'tokenizer.json', max_length: 1e9 } } }),
    /tokenizers\.input\.max_length/,
  ],
  'a tokenizer whose name is no input': [
    set({ tokenizers: { 'Input!': { file: 'tokenizer.json', max_length: 20 } } }),
    /tokenizers/,
  ],
  'no tokenizer': [set({ tokenizers: {} }), /tokenizers: at least one/],
  'an interpolant of its own': [
    set({ native: { interpolant: 'quantum', prediction: 'velocity', time_scale: 1 } }),
    /native\.interpolant/,
  ],
  'a guidance that is none of the three': [set({ guidance: { mode: 'free' } }), /guidance/],
  'guidance cfg without a scale': [set({ guidance: { mode: 'cfg' } }), /guidance\.scale/],
}
for (const [what, [change, sentence]] of Object.entries(manifests))
  test(`refuses a manifest with ${what}`, async (t) => {
    await assert.rejects(readPack(await changedPack(t, { manifest: change as never })), refuses(sentence))
  })

test('refuses a manifest of gigabytes without reading it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pack-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'pack.json'), '{')
  await truncate(join(folder, 'pack.json'), 3 * 2 ** 30)
  await assert.rejects(readPack(folder), refuses(/^pack\.json has 3221225472 bytes, more than any manifest\.$/))
})

test('checks size and digest of a file without holding it, with the same sentences', async (t) => {
  const bytes = await packFile('decode.onnx')
  await (await readPack(EMOJI_WORLD)).check('decode.onnx')
  const cut = await readPack(await changedPack(t, { files: { 'decode.onnx': bytes.slice(0, 1000) } }))
  await assert.rejects(
    cut.check('decode.onnx'),
    refuses(new RegExp(`^decode\\.onnx has 1000 bytes where pack\\.json says ${bytes.length}\\.$`)),
  )
  bytes[5000] = (bytes[5000] ?? 0) ^ 1
  const flipped = await readPack(await changedPack(t, { files: { 'decode.onnx': bytes } }))
  await assert.rejects(
    flipped.check('decode.onnx'),
    refuses(/^decode\.onnx has sha256 [0-9a-f]{64} where pack\.json says/),
  )
  await assert.rejects(flipped.check('../pack.json'), refuses(/not one of the files/))
})

for (const location of ['../../../etc/passwd', '/etc/passwd', 'elsewhere.bin', 'constructor'])
  test(`refuses a graph that takes weights from ${location}`, async (t) => {
    const bytes = graphWithWeightsIn(location)
    const pack = await readPack(await changedPack(t, {}))
    await assert.rejects(
      checkExternalData(pack, 'velocity.onnx', bytes),
      refuses(new RegExp(`^velocity\\.onnx takes weights from "${location}", which pack\\.json does not list`)),
    )
  })

test('finds weights in graphs inside graphs, and refuses nesting without end', async () => {
  assert.deepEqual(readOnnxFile(graphWithWeightsIn('weights.bin', 3)).tensors, [
    { name: 'weight', type: 'float32', shape: [2, 2], bytes: 16, location: 'weights.bin' },
  ])
  assert.throws(() => readOnnxFile(graphWithWeightsIn('weights.bin', 40)), RangeError)
})

test('checks the digest of weights beside the graph', async (t) => {
  const [weights, bytes] = [Uint8Array.of(1, 2, 3, 4), graphWithWeightsIn('weights.bin')]
  const packWith = async (content: Uint8Array) =>
    readPack(
      await changedPack(t, {
        files: { 'weights.bin': content },
        manifest: ({ files }) => Object.assign(files, { 'weights.bin': listing(weights) }),
      }),
    )
  await checkExternalData(await packWith(weights), 'velocity.onnx', bytes)
  const spoilt = await packWith(Uint8Array.of(1, 2, 3, 5))
  await assert.rejects(checkExternalData(spoilt, 'velocity.onnx', bytes), refuses(/^weights\.bin has sha256/))
})

test('refuses bytes that are no graph', async () => {
  const pack = await readPack(EMOJI_WORLD)
  for (const bytes of [
    new Uint8Array(),
    Uint8Array.of(0xff, 0xff, 0xff),
    new TextEncoder().encode('{"not": "a graph"}'),
  ])
    await assert.rejects(checkExternalData(pack, 'encode.onnx', bytes), refuses(/^encode\.onnx is not a graph/))
})
