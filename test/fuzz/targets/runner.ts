/** What the runner reads: packs, prompts, states of searches, traces. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodePng } from '../../../gpu-runner/image/png.ts'
import { decodeState, encodeState } from '../../../gpu-runner/search/checkpoint.ts'
import { recordTrace } from '../../../gpu-runner/worker/record-trace.ts'
import { packManifestSchema } from '../../../shared/contract/pack.ts'
import { traceLineSchema } from '../../../shared/contract/trace.ts'
import { readCounts } from '../../../shared/domain/counts.ts'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import { checkPrompt, spellNumbers } from '../../../shared/domain/prompt.ts'
import { createTokenizer, encodePrompt } from '../../../shared/domain/tokenizer.ts'
import { mutatedBytes, mutatedJson, mutatedText } from '../mutate.ts'
import { manifest, pathManifest, tokenizer, tokenizerJson, tokens } from '../pack.ts'
import { named, type Target, target } from '../target.ts'

const counting = { classes: ['bear', 'owl', 'red apple'], plurals: { bears: 'bear', 'red apples': 'red apple' } }
const shared = Float32Array.of(1, 2, 3)
const STATE = {
  lanes: [{ latent: shared, base: shared, best: Number.NEGATIVE_INFINITY }],
  step: 3,
  sum: Float64Array.of(0.5),
}
const LINE = {
  nfe: 12,
  step: 3,
  lane: 0,
  candidate: 1,
  t: 0.4,
  reward: -1.2,
  accepted: true,
  quota: 4,
  finished: false,
  reward_name: 'count',
}

export const RUNNER_TARGETS: readonly Target[] = [
  target({
    name: 'prompt',
    weight: 10,
    inputs: mutatedText('seven balloons, four red bears and 2 swans', '12 apples left of an owl; a blue background'),
    run: (prompt) => {
      spellNumbers(prompt, manifest)
      for (const { pointer, detail } of checkPrompt(prompt, manifest, tokenizer))
        assert.ok(pointer === '/prompt' && detail !== '')
      const counts = readCounts(prompt, manifest.vocabulary, counting) ?? {}
      assert.ok(Object.keys(counts).every((thing) => counting.classes.includes(thing)))
      assert.ok(Object.values(counts).every((count) => count >= 0))
      assert.equal(encodePrompt(tokenizer, tokens, prompt).ids.length, tokens.max_length)
    },
    longest: 2000,
    long: [(n) => 'seven bears '.repeat(n / 12), (n) => 'a'.repeat(n), (n) => '7'.repeat(n), (n) => ','.repeat(n)],
  }),
  target({
    name: 'pack.json',
    weight: 4,
    inputs: mutatedJson(manifest, pathManifest),
    run: (input) => {
      if (findOddLength(input) !== undefined) return
      const parsed = packManifestSchema.safeParse(input)
      if (parsed.success) assert.deepEqual(packManifestSchema.parse(parsed.data), parsed.data)
      else assert.ok(parsed.error.issues.length > 0)
    },
  }),
  target({
    name: 'tokenizer.json',
    weight: 0.2,
    inputs: mutatedJson(tokenizerJson),
    run: (input) => {
      createTokenizer(input as object).encode('two bears', 8)
    },
    // Somebody else's parser: whatever it throws is caught where the pack is opened, as long as it ends.
    refuses: (error) => error instanceof Error,
  }),
  target({
    name: 'checkpoint bytes',
    weight: 8,
    inputs: mutatedBytes(encodeState(STATE)),
    run: (bytes) => void decodeState(bytes),
    refuses: named('RangeError', 'SyntaxError'),
  }),
  target({
    name: 'checkpoint state',
    weight: 6,
    inputs: mutatedJson({ ...STATE, lanes: [{ latent: [1, 2], best: 3 }], sum: 0.5 }),
    run: (state) => {
      const once = decodeState(encodeState(state))
      assert.deepEqual(decodeState(encodeState(once)), once)
    },
    refuses: named('RangeError', 'SyntaxError', 'TypeError'),
    long: [(n) => ({ lanes: Array.from({ length: n / 10 }, () => Number.NaN) })],
  }),
  target({
    name: 'trace line',
    weight: 6,
    inputs: mutatedText(JSON.stringify(LINE)),
    run: (text) => void traceLineSchema.safeParse(JSON.parse(text)),
    refuses: named('SyntaxError'),
  }),
  target({
    name: 'trace so far',
    weight: 4,
    inputs: mutatedText(`${JSON.stringify(LINE)}\n${JSON.stringify(LINE)}\n`),
    run: (text) => assert.equal(recordTrace({ reward: 'count', nfeBefore: 0, written: text }).text(), text),
    long: [(n) => '\n'.repeat(n), (n) => 'x'.repeat(n)],
  }),
  target({
    name: 'image to PNG',
    weight: 0.3,
    inputs: fc.record({
      width: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 9 }),
      seed: fc.float(),
    }),
    run: ({ width, height, seed }) => {
      const data = Float32Array.from({ length: 3 * width * height }, (_, at) => seed * (at - 4))
      assert.equal(Buffer.from(encodePng({ data, width, height })).toString('latin1', 1, 4), 'PNG')
    },
  }),
]
