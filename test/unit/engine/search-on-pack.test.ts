/** The searches on the pack that ships, through the thread: what they report is what the network did. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openModel } from '../../../gpu-runner/engine/model.ts'
import { termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { SearchName } from '../../../gpu-runner/search/searches.ts'
import { EMOJI_WORLD } from '../pack/pack-folder.ts'

interface Machine {
  readonly maxBatch: number
  readonly threads: number
}

/** One generation on a model of its own, as the runner makes it. */
async function generate(search: SearchName, machine: Machine) {
  const model = await openModel({ packFolder: EMOJI_WORLD, ...machine })
  const evaluator = await model.begin({
    prompt: 'two cats and three trees',
    terms: termsOf({ name: 'count', counts: { cat: 2, tree: 3 } }),
  })
  const outcome = await evaluator.search({ search, task: { nfeBudget: 11, seed: 5, outputs: 1 } })
  const [answer] = outcome.answers
  assert.ok(answer)
  const rendering = await evaluator.render(answer.latent)
  await model.close()
  return { outcome, answer, rendering, counted: { evaluator: evaluator.nfe(), model: model.nfe() } }
}

for (const name of ['best-of-n', 'rbf'] as const)
  test(`${name}: the NFEs it reports are those counted at the network, and the same request gives the same PNG`, async () => {
    const first = await generate(name, { maxBatch: 8, threads: 2 })
    assert.equal(first.outcome.nfeUsed, 11)
    assert.deepEqual(first.counted, { evaluator: 11, model: 11 })
    assert.equal(first.rendering.reward, first.answer.reward)

    const second = await generate(name, { maxBatch: 1, threads: 1 })
    assert.deepEqual(second.rendering.output, first.rendering.output)
    assert.deepEqual(second.rendering.found, first.rendering.found)
  })
