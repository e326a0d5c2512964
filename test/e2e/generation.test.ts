/** One prompt through the whole service, over HTTP, as a client sees it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { decode } from 'fast-png'
import { listenForWebhook } from '../../cdk/local/webhook-listener.ts'
import type { Generation } from '../../shared/contract/generation.ts'
import { ended, type RunningStack, runStack } from './stack.ts'

const PROMPT = 'two bears and three apples'

describe('a generation', () => {
  let running: RunningStack
  before(async () => {
    running = await runStack()
  })
  after(() => running.close())

  const download = async (generation: Generation): Promise<Uint8Array> => {
    const [output] = generation.outputs
    assert.ok(output)
    const response = await fetch(output.url)
    assert.equal(response.status, 200)
    return new Uint8Array(await response.arrayBuffer())
  }

  test('ends as a paid, signed, downloadable image', async () => {
    const account = await running.open(100_000)
    const listener = await listenForWebhook(account.webhookSecret)
    const request = { prompt: PROMPT, nfe_budget: 60, seed: 3, webhook_url: listener.url }
    const accepted = await account.create(request)
    assert.equal(accepted.status, 'queued')
    assert.equal((await account.totals())['held_micro_usd'], 1200)

    const generation = await account.until(accepted.id, ended)
    assert.equal(generation.status, 'succeeded')
    const { usage, result } = generation
    assert.ok(usage.nfe_used > 0 && usage.nfe_used <= 60)
    assert.equal(usage.nfe_used + usage.nfe_refunded, usage.nfe_held)
    assert.equal(usage.price_micro_usd, usage.nfe_used * usage.price_micro_usd_per_nfe)
    assert.deepEqual(result?.counts?.asked, { bear: 2, apple: 3 })

    const event = await listener.event
    listener.close()
    assert.equal(event.data.id, accepted.id)
    assert.deepEqual(event.data.usage, usage)
    const delivered = await account.until(accepted.id, ({ webhook }) => webhook?.state === 'delivered')
    assert.equal(delivered.webhook?.attempts, 1)

    const totals = await account.settled()
    assert.deepEqual(
      [totals['balance_micro_usd'], totals['held_micro_usd'], totals['spent_micro_usd'], totals['open_generations']],
      [100_000 - usage.price_micro_usd, 0, usage.price_micro_usd, 0],
    )

    const png = await download(generation)
    const image = decode(png)
    assert.deepEqual([image.width, image.height], [128, 128])
    assert.equal(createHash('sha256').update(png).digest('hex'), generation.outputs[0]?.sha256)
    const tampered = (generation.outputs[0]?.url ?? '').replace(/\/\d+-0\.png/, '/9-9.png')
    assert.equal((await fetch(tampered)).status, 403)
  })

  for (const search of ['rbf', 'best-of-n'])
    test(`by ${search} gives the same PNG bytes for the same request and seed, and others for another seed`, async () => {
      const account = await running.open()
      const request = { prompt: PROMPT, nfe_budget: 40, search }
      const images = await Promise.all(
        [11, 11, 12].map(async (seed) => {
          const { id } = await account.create({ ...request, seed })
          return download(await account.until(id, ended))
        }),
      )
      const [first, again, other] = images
      assert.deepEqual(first, again)
      assert.notDeepEqual(first, other)
    })

  test('that reaches its target stops there and is refunded the rest', async () => {
    const account = await running.open()
    // Any finished image reaches so low a target, so the first one ends the search.
    const { id } = await account.create({ prompt: PROMPT, nfe_budget: 500, seed: 1, target_reward: -100_000 })
    const generation = await account.until(id, ended)
    assert.equal(generation.stop_reason, 'target_reward')
    assert.ok(generation.usage.nfe_used < 500)
    assert.equal(generation.usage.nfe_refunded, 500 - generation.usage.nfe_used)
    assert.equal((await account.settled())['spent_micro_usd'], generation.usage.price_micro_usd)
  })

  test('with a budget of one NFE still ends with an image', async () => {
    const account = await running.open()
    const { id } = await account.create({ prompt: PROMPT, nfe_budget: 1 })
    const generation = await account.until(id, ended)
    assert.equal(generation.status, 'succeeded')
    assert.equal(generation.usage.nfe_used, 1)
    assert.ok((await download(generation)).length > 0)
  })

  test('without a seed is given one that repeats it', async () => {
    const account = await running.open()
    const { id } = await account.create({ prompt: PROMPT, nfe_budget: 20 })
    const first = await account.until(id, ended)
    const { id: again } = await account.create({ prompt: PROMPT, nfe_budget: 20, seed: first.seed })
    assert.equal((await account.until(again, ended)).outputs[0]?.sha256, first.outputs[0]?.sha256)
  })
})
