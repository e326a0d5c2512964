/** Which graphs an evaluation goes through, and that it says the same on every way. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Model, openModel } from '../../../gpu-runner/engine/model.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { Reward } from '../../../shared/domain/reward.ts'
import { EMOJI_WORLD } from '../pack/pack-folder.ts'

const COUNT = { name: 'count', counts: { cat: 2, tree: 3 } }
const VQA = { name: 'vqa' }
const ASKS = [1, 2, 3].map((seed) => ({
  latent: Float32Array.from({ length: 64 * 32 }, (_, i) => 1.2 * Math.sin(seed * i)),
  t: 0,
  wants: 'reward' as const,
}))

describe('the ways through the graphs', () => {
  let model: Model
  before(async () => {
    model = await openModel({ packFolder: EMOJI_WORLD })
  })
  after(() => model.close())

  /** What the asks come to, and how many rows decoder, reward and both in one had meanwhile. */
  async function evaluate(reward: Reward, pictureSide?: number) {
    const evaluator = await model.begin({
      prompt: 'two cats and three trees',
      terms: termsOf(reward),
      ...(pictureSide !== undefined && { pictureSide }),
    })
    const before = model.meters()
    const evaluations = await evaluator.evaluate(ASKS)
    const after = model.meters()
    evaluator.end()
    const rows = (['decode', 'reward', 'fused'] as const).map((graph) => after[graph].rows - before[graph].rows)
    return { evaluations, rows }
  }
  const rewardsOf = ({ evaluations }: Awaited<ReturnType<typeof evaluate>>) => evaluations.map(({ reward }) => reward)
  const sumWith = (others: readonly Reward[]): Reward => ({
    name: 'composite',
    parts: [COUNT, ...others].map((reward) => ({ reward, weight: 1 })),
  })

  test('the default reward alone is decoded and scored in one run, watched or not', async () => {
    const alone = await evaluate(COUNT)
    assert.deepEqual(alone.rows, [0, 0, 3])
    const watched = await evaluate(COUNT, 64)
    assert.deepEqual(watched.rows, [0, 0, 3])
    assert.deepEqual(rewardsOf(watched), rewardsOf(alone))
  })

  test('others, and sums of several, are decoded first, and what is seen of an image is the same', async () => {
    const [vqa, both] = [await evaluate(VQA, 64), await evaluate(sumWith([VQA]))]
    assert.deepEqual(vqa.rows, [3, 3, 0])
    assert.deepEqual(both.rows, [3, 6, 0])
    const counted = await evaluate(COUNT, 64)
    assert.deepEqual(
      vqa.evaluations.map(({ picture }) => picture),
      counted.evaluations.map(({ picture }) => picture),
    )
    const sums = rewardsOf(counted).map((reward, at) => (reward ?? 0) + (rewardsOf(vqa)[at] ?? 0))
    assert.deepEqual(rewardsOf(both), sums)
  })

  test('with a term of the pixels the image comes along', async () => {
    const { evaluations, rows } = await evaluate(sumWith([{ name: 'colorfulness' }]))
    assert.deepEqual(rows, [0, 0, 3])
    const [counted, colored] = [rewardsOf(await evaluate(COUNT)), rewardsOf(await evaluate({ name: 'colorfulness' }))]
    for (const [at, { reward = Number.NaN }] of evaluations.entries())
      assert.ok(Math.abs(reward - (counted[at] ?? 0) - (colored[at] ?? 0)) < 1e-9)
  })

  test('generations of different rewards say in one batch what each says alone', async () => {
    const alone = [await evaluate(COUNT), await evaluate(VQA)].map(rewardsOf)
    const together = await Promise.all([evaluate(COUNT), evaluate(VQA)])
    assert.deepEqual(together.map(rewardsOf), alone)
  })
})
