/** On the pack that ships: the same graphs, tokenizer and thread as in production. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openModel } from '../../../gpu-runner/engine/model.ts'
import { ModelError, type ModelFault } from '../../../gpu-runner/engine/model-error.ts'
import { sizeOf } from '../../../gpu-runner/pack/graph-signature.ts'
import { PackError } from '../../../gpu-runner/pack/read-pack.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { Ask } from '../../../gpu-runner/search/search.ts'
import type { Counts } from '../../../shared/domain/counts.ts'
import { changedPack, EMOJI_WORLD, graphOf, listing, packFile } from '../pack/pack-folder.ts'

const model = await openModel({ packFolder: EMOJI_WORLD, sessions: 2, maxBatch: 3 })
const SIZE = sizeOf(model.manifest.latent)
after(() => model.close())

const counting = (counts: Counts) => termsOf({ name: 'count', counts })

const begin = () => model.begin({ prompt: 'two cats and 3 trees', terms: counting({ cat: 2, tree: 3 }) })
const latentOf = (k: number) => Float32Array.from({ length: SIZE }, (_, i) => 1.4 * Math.sin(i * (1.3 + k) + k))
const ask = (k: number, wants: Ask['wants'] = 'both'): Ask => ({
  latent: latentOf(k),
  t: wants === 'reward' ? 0 : 1 - k / 8,
  wants,
})

const fault = (expected: ModelFault, sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ModelError, String(error))
  assert.equal(error.fault, expected)
  assert.match(error.message, sentence)
  return true
}

test('an ask has the same bits alone, in a batch, and between the asks of another generation', async () => {
  const cats = await begin()
  const bears = await model.begin({ prompt: 'a bear', terms: counting({ bear: 1 }) })
  const asks = [ask(0), ask(1, 'velocity'), ask(2, 'reward'), ask(3), ask(4, 'velocity')]
  const alone = []
  for (const one of asks) alone.push(...(await cats.evaluate([one])))
  assert.deepEqual(await cats.evaluate(asks), alone)
  const [mixed, other] = await Promise.all([cats.evaluate(asks), bears.evaluate(asks)])
  assert.deepEqual(mixed, alone)
  assert.notDeepEqual(other[0]?.velocity, mixed[0]?.velocity)
  cats.end()
  bears.end()
})

test('gives what an ask wants and nothing else, and leaves its latent alone', async () => {
  const cats = await begin()
  const asks = [ask(1), ask(2, 'velocity'), ask(3, 'reward')]
  const [both, velocity, reward] = await cats.evaluate(asks)
  assert.deepEqual([both?.velocity?.length, typeof both?.reward], [SIZE, 'number'])
  assert.deepEqual([velocity?.velocity?.length, velocity?.reward], [SIZE, undefined])
  assert.deepEqual([reward?.velocity, typeof reward?.reward], [undefined, 'number'])
  assert.deepEqual(asks[0]?.latent, latentOf(1))
  assert.deepEqual(await cats.evaluate([]), [])
})

test('a watched generation gets the picture with each reward, at no NFE, and the same numbers', async () => {
  const conditions = { prompt: 'two cats and 3 trees', terms: counting({ cat: 2, tree: 3 }) }
  const [watched, alone] = [await model.begin({ ...conditions, pictureSide: 64 }), await model.begin(conditions)]
  const asks = [ask(0), ask(1, 'velocity'), ask(2, 'reward')]
  const seen = await watched.evaluate(asks)
  assert.deepEqual(
    seen.map(({ picture }) => picture && 'pixels' in picture && [picture.width, picture.height, picture.pixels.length]),
    [[64, 64, 3 * 64 * 64], undefined, [64, 64, 3 * 64 * 64]],
  )
  const numbers = seen.map(({ picture: _, ...evaluation }) => evaluation)
  assert.deepEqual(numbers, await alone.evaluate(asks))
  assert.equal(watched.nfe(), 2)
})

test('counts one NFE for each velocity and none for a reward or an image, by generation and over all', async () => {
  const [cats, again, before] = [await begin(), await begin(), model.nfe()]
  await Promise.all([
    cats.evaluate([ask(0), ask(1, 'velocity'), ask(2, 'reward'), ask(3), ask(4)]),
    again.evaluate([ask(5), ask(6, 'reward')]),
  ])
  await cats.render(latentOf(0))
  assert.equal(cats.nfe(), 4)
  assert.equal(again.nfe(), 1)
  assert.equal(model.nfe() - before, 5)
})

test('scores the denoised estimate x - t u', async () => {
  const cats = await begin()
  const { latent, t } = ask(3)
  const [seen] = await cats.evaluate([{ latent, t, wants: 'both' }])
  const denoised = latent.map((x, i) => x - t * (seen?.velocity?.[i] ?? Number.NaN))
  const [direct] = await cats.evaluate([{ latent: denoised, t: 0, wants: 'reward' }])
  assert.ok(Math.abs((direct?.reward ?? Number.NaN) - (seen?.reward ?? Number.NaN)) < 1e-3)
})

test('renders the image whose reward was told', async () => {
  const cats = await begin()
  const [told] = await cats.evaluate([ask(2, 'reward')])
  const { output: image, reward, parts, found: seen } = await cats.render(latentOf(2))
  assert.equal(reward, told?.reward)
  assert.deepEqual(parts, [{ name: 'count', weight: 1, reward }])
  assert.deepEqual([image.width, image.height, image.data.length], [128, 128, 3 * 128 * 128])
  assert.ok(image.data.every((value) => value >= -1 && value <= 1))
  assert.ok(Object.values(seen?.found ?? {}).every((count) => Number.isInteger(count) && count > 0))
  assert.equal(seen?.exact, false)
})

test('refuses what no graph can answer, before anything is spent', async () => {
  const cats = await begin()
  const latent = latentOf(0)
  const short = latent.subarray(1)
  await assert.rejects(
    cats.evaluate([{ latent: short, t: 1, wants: 'both' }]),
    fault('request', new RegExp(`has ${SIZE} numbers here, got ${SIZE - 1}`)),
  )
  for (const t of [-0.1, 1.1, Number.NaN])
    await assert.rejects(cats.evaluate([{ latent, t, wants: 'both' }]), fault('request', /t must lie in \[0, 1\]/))
  await assert.rejects(cats.evaluate([{ latent, t: 0.5, wants: 'reward' }]), fault('request', /clean latent/))
  const colours = await model.begin({ prompt: 'two cats', terms: termsOf({ name: 'colorfulness' }) })
  const sloped = { ...ask(1), gradient: true as const }
  await assert.rejects(colours.evaluate([sloped]), fault('request', /no graph .* gradient of colorfulness/))
  const broken = [{ latent: latent.with(9, Number.NaN), t: 1, wants: 'both' as const }]
  await assert.rejects(cats.evaluate(broken), fault('request', /not finite/))
  await assert.rejects(cats.render(short), fault('request', new RegExp(`got ${SIZE - 1}`)))
  assert.equal(cats.nfe(), 0)
  const unicorns = model.begin({ prompt: 'a unicorn', terms: counting({ unicorn: 1 }) })
  await assert.rejects(unicorns, fault('request', /does not count "unicorn"/))
})

test('numbers that are none fail their own call, and no other call of the batch', async () => {
  const [cats, others] = [await begin(), await begin()]
  const huge = { latent: latentOf(0).fill(3e38), t: 1, wants: 'velocity' as const }
  const overflowing = assert.rejects(cats.evaluate([ask(1), huge]), fault('graph', /not finite/))
  const [well] = await others.evaluate([ask(1)])
  await overflowing
  assert.deepEqual(well, (await others.evaluate([ask(1)]))[0])
  assert.equal(cats.nfe(), 2)
})

test('evaluates nothing after its end', async () => {
  const cats = await begin()
  cats.end()
  await assert.rejects(cats.evaluate([ask(1)]), fault('request', /has ended/))
})

test('reads digits as the number words the network knows', async () => {
  const terms = counting({ cat: 2 })
  const [digits, words] = [
    await model.begin({ prompt: '2 cats', terms }),
    await model.begin({ prompt: 'two cats', terms }),
  ]
  assert.deepEqual(await digits.evaluate([ask(1, 'velocity')]), await words.evaluate([ask(1, 'velocity')]))
})

test('refuses to open a pack with a corrupted graph, and says which', async (t) => {
  const bytes = await packFile('decode.onnx')
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  const opening = openModel({ packFolder: await changedPack(t, { files: { 'decode.onnx': bytes } }) })
  await assert.rejects(
    opening,
    (error: unknown) => error instanceof PackError && /^decode\.onnx has sha256/.test(error.message),
  )
})

test('refuses a pack whose files are whole but are no such graphs', async (t) => {
  const text = new TextEncoder().encode('not a graph')
  const noGraph = await changedPack(t, {
    files: { 'encode.onnx': text },
    manifest: (m) => {
      m.files['encode.onnx'] = listing(text)
    },
  })
  await assert.rejects(openModel({ packFolder: noGraph }), /^PackError: encode\.onnx is not a graph/)
  const swapped = await changedPack(t, {
    manifest: (m) => {
      m.graphs['velocity'] = 'decode.onnx'
    },
  })
  await assert.rejects(
    openModel({ packFolder: swapped }),
    /^PackError: decode\.onnx should have t: float32 \[batch\] among its inputs/,
  )
})

test('opens a pack without reading its judge', async (t) => {
  const manifest = changedPack(t, {
    manifest: (m) => {
      Object.assign(m, { judges: { count: { ...graphOf(m), file: 'judge-count.onnx' } } })
      m.files['judge-count.onnx'] = { sha256: '0'.repeat(64), bytes: 1 }
    },
  })
  const opened = await openModel({ packFolder: await manifest })
  await opened.close()
})

test('closing rejects what is pending, and everything after', async () => {
  const closing = await openModel({ packFolder: EMOJI_WORLD, onCrash: () => assert.fail('a close is no crash') })
  const cats = await closing.begin({ prompt: 'two cats', terms: counting({ cat: 2 }) })
  const pending = cats.evaluate(Array.from({ length: 40 }, () => ask(1)))
  const rejected = assert.rejects(pending, fault('closed', /was closed/))
  await closing.close()
  await rejected
  await assert.rejects(cats.render(latentOf(1)), fault('closed', /was closed/))
  cats.end()
  assert.ok(closing.nfe() < 40)
})

const BINARIES = '../../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64'

for (const provider of ['cuda', 'tensorrt'] as const)
  test(`${provider}, which this machine has not, is refused with the reason, and nothing falls back to the CPU`, {
    skip:
      existsSync(fileURLToPath(new URL(`${BINARIES}/libonnxruntime_providers_${provider}.so`, import.meta.url))) &&
      'its libraries are installed here',
  }, async () => {
    await assert.rejects(
      openModel({ packFolder: EMOJI_WORLD, provider }),
      (error) => error instanceof PackError && error.message.startsWith(`${provider} was asked for and cannot be used`),
    )
  })
