/** The rewards of the pack that ships, through the thread: sums, questions, and slopes that are slopes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Model, openModel } from '../../../gpu-runner/engine/model.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { SearchName } from '../../../gpu-runner/search/searches.ts'
import type { Reward } from '../../../shared/domain/reward.ts'
import { EMOJI_WORLD } from '../pack/pack-folder.ts'

const PROMPT = 'two cats and three trees'
const COUNT = { name: 'count', counts: { cat: 2, tree: 3 } }

describe('the rewards of the pack', () => {
  let model: Model
  /** A clean latent that the flow made, and not a perfect one: there is something to climb. */
  let latent: Float32Array
  before(async () => {
    model = await openModel({ packFolder: EMOJI_WORLD })
    const { answers } = await search('best-of-n', COUNT, { nfe: 4, prompt: 'two cats and two trees' })
    latent = answers[0]?.latent ?? new Float32Array()
  })
  after(() => model.close())

  const begin = (reward: Reward, prompt = PROMPT) => model.begin({ prompt, terms: termsOf(reward) })
  const search = async (name: SearchName, reward: Reward, on: { nfe: number; prompt?: string }) => {
    const evaluator = await begin(reward, on.prompt)
    return evaluator.search({ search: name, task: { nfeBudget: on.nfe, seed: 5, outputs: 1 } })
  }

  test('vqa is a probability of its own prompt: higher for what is shown than for what is not', async () => {
    const probabilities = []
    for (const prompt of ['two cats and two trees', 'six rockets'])
      probabilities.push((await (await begin({ name: 'vqa' }, prompt)).render(latent)).reward)
    const [shown = 0, other = 0] = probabilities
    assert.ok(shown >= 0 && shown <= 1 && other >= 0 && other < 0.05, `${shown} ${other}`)
    assert.ok(shown > other)
  })

  test('a composite is the sum of weight x what each part says alone, in one batch as well', async () => {
    const parts = [
      { reward: COUNT, weight: 0.5 },
      { reward: { name: 'vqa' }, weight: 3 },
      { reward: { name: 'colorfulness' }, weight: -0.01 },
    ]
    const asks = [latent, latent.map((x) => 0.9 * x)].map((one) => ({ latent: one, t: 0, wants: 'reward' as const }))
    const alone = []
    for (const { reward, weight } of parts)
      alone.push((await (await begin(reward)).evaluate(asks)).map((one) => weight * (one.reward ?? Number.NaN)))
    const evaluator = await begin({ name: 'composite', parts })
    const together = await evaluator.evaluate(asks)
    for (const [at, { reward = Number.NaN }] of together.entries()) {
      const sum = alone.reduce((total, said) => total + (said[at] ?? Number.NaN), 0)
      assert.ok(Math.abs(reward - sum) < 1e-9, `${reward} ${sum}`)
    }
    const { reward, parts: said } = await evaluator.render(latent)
    assert.equal(reward, together[0]?.reward)
    assert.deepEqual(
      said.map(({ name, weight }) => [name, weight]),
      [
        ['count', 0.5],
        ['vqa', 3],
        ['colorfulness', -0.01],
      ],
    )
  })

  for (const [what, reward] of [
    ['count', COUNT],
    ['vqa', { name: 'vqa' }],
    [
      'a composite of both',
      {
        name: 'composite',
        parts: [
          { reward: COUNT, weight: 0.2 },
          { reward: { name: 'vqa' }, weight: 2 },
        ],
      },
    ],
  ] as const)
    test(`the gradient of ${what} is its slope by central differences`, async () => {
      const evaluator = await begin(reward)
      const [here] = await evaluator.evaluate([{ latent, t: 0, wants: 'both', gradient: true }])
      const gradient = here?.gradient ?? new Float32Array()
      const norm = Math.hypot(...gradient)
      assert.ok(norm > 1e-6, `the slope is ${norm}`)
      const step = 0.01
      const moved = [step, -step].map((h) => latent.map((x, i) => x + (h * (gradient[i] ?? 0)) / norm))
      const seen = await evaluator.evaluate(moved.map((one) => ({ latent: one, t: 0, wants: 'reward' })))
      const slope = ((seen[0]?.reward ?? 0) - (seen[1]?.reward ?? 0)) / (2 * step)
      assert.ok(Math.abs(slope - norm) < 0.05 * norm, `${slope} is not ${norm}`)
    })

  test('the search by gradient runs on it within its budget', async () => {
    const { nfeUsed, answers } = await search('gradient', COUNT, { nfe: 30 })
    assert.ok(nfeUsed <= 30)
    assert.ok(answers.length === 1)
  })
})
