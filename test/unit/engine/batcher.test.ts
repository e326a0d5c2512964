import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createBatcher } from '../../../gpu-runner/engine/batcher.ts'

/** Evaluates by doubling, and keeps the batches it was given, and how many ran at once at most. Each call has a payer of its own unless said. */
function doubling(maxBatch: number, lanes = 1, { isFree = (): boolean => true, isAlone = (): boolean => false } = {}) {
  const batches: number[][] = []
  const running = { now: 0, most: 0 }
  const submitAs = createBatcher<number, number>({
    maxBatch,
    lanes: Array.from({ length: lanes }, () => ({ isFree, evaluate })),
    isAlone,
  })
  async function evaluate(rows: readonly number[]): Promise<number[]> {
    batches.push([...rows])
    running.most = Math.max(running.most, ++running.now)
    await Promise.resolve()
    running.now--
    if (rows.includes(-1)) throw new Error('a row that cannot be evaluated')
    return rows.map((row) => row * 2)
  }
  let calls = 0
  const submit = (rows: number[], { payer = `${calls++}`, patient = false } = {}) => submitAs(rows, { payer, patient })
  return { submit, batches, running }
}

test('answers every call in its own order, and evaluates every row once in batches that fit', async () => {
  const calls = fc.array(fc.array(fc.integer({ min: 0 }), { maxLength: 9 }), { maxLength: 6 })
  const [maxBatches, lanesOf] = [fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })]
  const turns = fc.array(fc.record({ payer: fc.constantFrom('a', 'b', 'c'), patient: fc.boolean() }), { minLength: 6 })
  await fc.assert(
    fc.asyncProperty(calls, maxBatches, lanesOf, turns, async (rows, maxBatch, lanes, turn) => {
      const { submit, batches, running } = doubling(maxBatch, lanes)
      const answers = await Promise.all(rows.map((call, index) => submit(call, turn[index])))
      assert.ok(running.most <= lanes)
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
  assert.deepEqual(batches, [
    [10, 20],
    [11, 12],
    [13, 14],
  ])
})

test('more calls than a batch has rows are served by turns', async () => {
  const { submit, batches } = doubling(1)
  await Promise.all([submit([10, 11]), submit([20, 21]), submit([30, 31])])
  assert.deepEqual(batches.flat(), [10, 20, 30, 11, 21, 31])
})

test('calls of one turn of the event loop share a batch; whoever is alone does not wait for the end of the turn', async () => {
  const several = doubling(4)
  await Promise.all([several.submit([1]), Promise.resolve().then(() => several.submit([2]))])
  assert.deepEqual(several.batches, [[1, 2]])
  const alone = doubling(4, 1, { isAlone: () => true })
  const answered = alone.submit([1])
  assert.deepEqual(alone.batches, [[1]])
  assert.deepEqual(await answered, [2])
})

test('a lane that has other work is left alone', async () => {
  let free = false
  const { submit, batches } = doubling(4, 2, { isFree: () => free })
  const waiting = submit([10, 11])
  await new Promise(setImmediate)
  assert.deepEqual(batches, [])
  free = true
  await Promise.all([waiting, submit([20, 21])])
  assert.deepEqual(batches, [
    [10, 20],
    [11, 21],
  ])
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

test('what waits is shared among the lanes that are idle, and none waits for a fuller batch', async () => {
  const { submit, batches, running } = doubling(4, 2)
  await submit([10, 11, 12, 13])
  assert.deepEqual(batches, [
    [10, 11],
    [12, 13],
  ])
  assert.equal(running.most, 2)
})

test('payers take turns, however many calls each has', async () => {
  const { submit, batches } = doubling(1)
  const loud = [1, 2, 3].map((row) => submit([row, row + 10], { payer: 'loud' }))
  await Promise.all([...loud, submit([20, 21, 22], { payer: 'quiet' })])
  assert.deepEqual(batches.flat(), [1, 20, 2, 21, 3, 22, 11, 12, 13])
})

test('the patient get the seats that the others leave', async () => {
  const { submit, batches } = doubling(2)
  await Promise.all([submit([1, 2, 3], { patient: true }), submit([10, 11, 12]), submit([20])])
  assert.deepEqual(batches, [[10, 20], [11, 12], [1, 2], [3]])
})

test('a call that failed in one lane leaves what runs in the other to the others', async () => {
  const { submit, batches } = doubling(2, 2, { isAlone: () => true })
  const failing = submit([-1, 2, 3, 4, 5], { payer: 'a' })
  const well = submit([6, 7, 8], { payer: 'b' })
  await assert.rejects(failing, /cannot be evaluated/)
  assert.deepEqual(await well, [12, 14, 16])
  assert.ok(!batches.flat().includes(5))
})
