/** Ids by hand, from the word list of the pack's tokenizer.json: lower case, runs of a-z and commas, 0 pads to 20. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokenizer } from '../../../shared/domain/tokenizer.ts'
import { packFile } from './pack-folder.ts'

const tokenizer = createTokenizer(JSON.parse(new TextDecoder().decode(await packFile('tokenizer.json'))))
const idsOf = (prompt: string) => tokenizer.encode(prompt, 20).map(Number)
const padded = (...ids: number[]) => [...ids, ...Array(20 - ids.length).fill(0)]

test('lowers the case, keeps commas, and pads with 0', () => {
  const ids = idsOf('Seven balloons, four BEARS, and four swans on a blue background')
  assert.deepEqual(ids, padded(21, 49, 2, 18, 51, 2, 3, 18, 67, 6, 4, 75, 14))
})

test('splits at whatever is neither a letter nor a comma', () => {
  assert.deepEqual(idsOf("  a red-cube; the\tcat's 3 trees!"), padded(4, 74, 70, 11, 29, 1, 68))
})

test('gives the unknown word its id, also where its name is a property of every object', () => {
  assert.deepEqual(idsOf('one unicorn constructor __proto__'), padded(15, 1, 1, 1))
})

test('cuts at 20', () => {
  assert.deepEqual(idsOf(`${'one '.repeat(19)}two three four`), [...Array(19).fill(15), 16])
})

test('an empty prompt is padding alone', () => {
  assert.deepEqual(idsOf(''), padded())
})
