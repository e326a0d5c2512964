/** Some inputs for every parser in every test run; `npm run fuzz` makes a million. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runFuzz } from './run-fuzz.ts'

test('every parser reads its input or refuses it as it should, whatever it is given', async () => {
  const { targets, inputs } = await runFuzz({ inputs: 10_000, seed: 8 })
  for (const { name, crash, taken } of targets) {
    assert.equal(crash, undefined, `${name}: ${crash}`)
    // A target that nothing gets into tests its first line only.
    if (name !== 'emulator: S3 signature') assert.ok(taken > 0, `${name} took nothing`)
  }
  assert.ok(inputs >= 10_000)
})
