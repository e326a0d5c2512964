import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepConditionings } from '../../../gpu-runner/engine/keep-conditionings.ts'

/** An encoder whose conditioning of a prompt is its length, 16 bytes; keeps the prompts that it was run on. */
function lengths() {
  const encoded: string[] = []
  const encode = async (words: string) => {
    encoded.push(words)
    await Promise.resolve()
    return { length: new Float32Array(4).fill(words.length) }
  }
  return { encode, encoded }
}

test('encodes a prompt once', async () => {
  const { encode, encoded } = lengths()
  const kept = keepConditionings(encode)
  const [first, again, other] = [await kept('two cats'), await kept('two cats'), await kept('a bear')]
  assert.equal(first, again)
  assert.deepEqual([first?.['length']?.[0], other?.['length']?.[0]], [8, 6])
  assert.deepEqual(encoded, ['two cats', 'a bear'])
})

test('forgets what was not asked for longest, and never holds more than it may', async () => {
  const { encode, encoded } = lengths()
  const kept = keepConditionings(encode, 2 * 16)
  for (const words of ['a', 'b', 'a', 'c', 'a', 'b']) await kept(words)
  assert.deepEqual(encoded, ['a', 'b', 'c', 'b'])
})

test('counts what was encoded twice at once only once, and keeps nothing of an encoder that failed', async () => {
  const { encode, encoded } = lengths()
  const kept = keepConditionings(encode, 2 * 16)
  await Promise.all([kept('a'), kept('a')])
  await kept('b')
  await kept('a')
  assert.deepEqual(encoded, ['a', 'a', 'b'])
  let tries = 0
  const failing = keepConditionings(async () => Promise.reject(new Error(`try ${++tries}`)))
  await assert.rejects(failing('a'), /try 1/)
  await assert.rejects(failing('a'), /try 2/)
})
