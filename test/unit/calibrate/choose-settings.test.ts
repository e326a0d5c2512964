import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseSettings, type EngineSettings } from '../../../gpu-runner/calibrate/choose-settings.ts'

/** A machine by its times: `threads x sessions` to milliseconds. What is not there must not be asked. */
const chosenOf = async (cores: number, times: Readonly<Record<string, number>>) => {
  const asked: string[] = []
  const measure = async ({ threads, sessions }: EngineSettings) => {
    asked.push(`${threads}x${sessions}`)
    return times[`${threads}x${sessions}`] ?? assert.fail(`${threads}x${sessions} was asked`)
  }
  return { ...(await chooseSettings(cores, measure)), asked }
}

test('takes the threads with which one evaluation is soonest, and more sessions while they pay', async () => {
  const { threads, sessions, asked } = await chosenOf(8, {
    '1x1': 20,
    '2x1': 12,
    '4x1': 10,
    '8x1': 11,
    '4x2': 7,
    '4x4': 6.9,
  })
  assert.deepEqual([threads, sessions], [4, 2])
  assert.deepEqual(asked, ['1x1', '2x1', '4x1', '8x1', '4x2', '4x4'])
})

test('has one session where a second is not worth its memory, or does not fit', async () => {
  for (const second of [9.2, Number.POSITIVE_INFINITY]) {
    const { threads, sessions } = await chosenOf(2, { '1x1': 10, '2x1': 12, '1x2': second })
    assert.deepEqual([threads, sessions], [1, 1])
  }
})

test('knows cores that are no power of two, and a single one', async () => {
  const six = await chosenOf(6, { '1x1': 9, '2x1': 8, '4x1': 7, '6x1': 5, '6x2': 4, '6x4': 3, '6x6': 2 })
  assert.deepEqual([six.threads, six.sessions], [6, 6])
  const one = await chosenOf(1, { '1x1': 9 })
  assert.deepEqual([one.threads, one.sessions], [1, 1])
})
