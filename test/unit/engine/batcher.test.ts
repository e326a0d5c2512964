import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createBatcher } from '../../../gpu-runner/engine/batcher.ts'

/** Evaluates by doubling, and keeps the batches it was given. */
function doubling(maxBatch: number) {
  const batches: number[][] = []
  const submit = createBatcher<number, number>({
    maxBatch,
    evaluate: async (rows) => {
      batches.push([...rows])
      await Promise.resolve()
      if (rows.includes(-1)) throw new Error('a row that cannot be evaluated')
      return rows.map((row) => row * 2)
    },
  })
  return { submit, batches }
}

test('answers every call in its own order, and evaluates every row once in batches that fit', async () => {
  const calls = fc.array(fc.array(fc.integer({ min: 0 }), { maxLength: 9 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 1, max: 5 }), async (rows, maxBatch) => {
      const { submit, batches } = doubling(maxBatch)
      const answers = await Promise.all(rows.map((call) => submit(call)))
      assert.deepEqual(
        answers,
        rows.map((call) => call.map((row) => row * 2)),
      )
      assert.deepEqual(batches.flat().toSorted(), rows.flat().toSorted())
      assert.ok(batches.every(({ length }) => length >= 1 && length <= maxBatch))
    }),
  )
})

test('a short call waits for a batch of a long one, not for all of it', async () => {
  const { submit, batches } = doubling(2)
  await Promise.all([submit([10, 11, 12, 13, 14]), submit([20])])
  // The first batch had started when the second call came.
  assert.deepEqual(batches, [
    [10, 11],
    [12, 20],
    [13, 14],
  ])
})

test('more calls than a batch has rows are served by turns', async () => {
  const { submit, batches } = doubling(1)
  await Promise.all([submit([10, 11]), submit([20, 21]), submit([30, 31])])
  assert.deepEqual(batches.flat(), [10, 11, 20, 30, 21, 31])
})

test('an error rejects the calls of its batch, spends nothing more on them, and leaves the others', async () => {
  const { submit, batches } = doubling(1)
  const failing = submit([1, -1, 3, 4])
  const well = submit([5, 6])
  await assert.rejects(failing, /cannot be evaluated/)
  assert.deepEqual(await well, [10, 12])
  assert.ok(!batches.flat().includes(3))
  assert.deepEqual(await submit([7]), [14])
})
