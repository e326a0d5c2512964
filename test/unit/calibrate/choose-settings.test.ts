import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseSettings, type Measured } from '../../../gpu-runner/calibrate/choose-settings.ts'

/** Milliseconds of network, decoder and reward. */
type Times = readonly [velocity: number, decode: number, reward: number]

/**
 * A machine by the times of each graph with so many threads, and by how much sooner an evaluation comes with so many sessions. What
 * is not there must not be asked.
 */
const chosenOf = (cores: number, times: Readonly<Record<number, Times>>, gains: Readonly<Record<number, number>>) =>
  chooseSettings(cores, async ({ threads, sessions }): Promise<Measured> => {
    const graphs = {
      velocity: (times[threads.velocity] ?? assert.fail())[0],
      decode: (times[threads.decode] ?? assert.fail())[1],
      reward: (times[threads.reward] ?? assert.fail())[2],
    }
    const alone = graphs.velocity + graphs.decode + graphs.reward
    return { ms: sessions === 1 ? alone : alone / (gains[sessions] ?? assert.fail(`${sessions} were asked`)), graphs }
  })

test('takes the threads with which each graph is soonest done, and more sessions while they pay', async () => {
  const times = { 1: [3, 8, 9], 2: [4, 5, 6], 4: [5, 4, 5], 8: [6, 4.5, 3] } as const
  const { threads, sessions } = await chosenOf(8, times, { 2: 1.5, 4: 1.6 })
  assert.deepEqual(threads, { encode: 8, velocity: 1, decode: 4, reward: 8, fused: 8, gradient: 8 })
  assert.equal(sessions, 2)
})

test('has one session where a second is not worth its memory, or does not fit', async () => {
  for (const gain of [1.09, 0]) {
    const { threads, sessions } = await chosenOf(2, { 1: [3, 4, 5], 2: [4, 5, 6] }, { 2: gain })
    assert.deepEqual([threads.velocity, threads.gradient, sessions], [1, 1, 1])
  }
})

test('knows cores that are no power of two, and a single one', async () => {
  const times = { 1: [9, 9, 9], 2: [8, 8, 8], 4: [7, 7, 7], 6: [5, 5, 5] } as const
  const six = await chosenOf(6, times, { 2: 1.5, 4: 2, 6: 2.5 })
  assert.deepEqual([six.threads.decode, six.sessions], [6, 6])
  const one = await chosenOf(1, times, {})
  assert.deepEqual([one.threads.reward, one.sessions], [1, 1])
})

test('decoder, reward and gradient have the threads of the graph that decoder and reward were joined into', async () => {
  const { threads } = await chooseSettings(2, async ({ threads, sessions }) => ({
    // The network is most of it, and sooner done with one thread.
    ms: sessions === 1 ? 10 + threads.velocity : 10,
    graphs: { velocity: 10 * threads.velocity, fused: 10 / threads.fused },
  }))
  assert.deepEqual(threads, { encode: 1, velocity: 1, decode: 2, reward: 2, fused: 2, gradient: 2 })
})
