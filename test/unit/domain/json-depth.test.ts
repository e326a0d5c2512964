/** The depth that is counted is the depth that a parser builds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonDepth } from '../../../shared/domain/json-depth.ts'

const depthOf = (value: unknown): number =>
  typeof value !== 'object' || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(depthOf))

test('is that of the parsed text, whatever its strings hold', () => {
  const value = fc.jsonValue({ maxDepth: 8, stringUnit: fc.constantFrom('a', '"', '\\', '[', '{', ']', '}') })
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2), (json, indent) => {
      assert.equal(jsonDepth(JSON.stringify(json, null, indent)), depthOf(json))
    }),
    { numRuns: 500, seed: 8 },
  )
})

test('is not hidden by a line before it that is no JSON', () => {
  for (const before of ['', ']]]]\n', '"never closed\n', '"never closed\\\n', '{"a": 1}\n'])
    assert.equal(jsonDepth(`${before}[[[1]]]`), 3, before)
  assert.equal(jsonDepth('"[[[ never closed'), 0)
})
