/** kill -9 at bad moments: nothing acknowledged is lost, every generation ends once and is charged once. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listenForWebhook } from '../../cdk/local/webhook-listener.ts'
import { ended, killHard, type RunningStack, runStack } from './stack.ts'

const PROMPT = 'two bears and three apples'

describe('after kill -9', () => {
  let running: RunningStack
  before(async () => {
    running = await runStack()
  })
  after(() => running.close())

  test('of the runner in the middle, another takes the lease and the generation is charged once', async () => {
    const account = await running.open(100_000)
    const undisturbed = await account.create({ prompt: PROMPT, nfe_budget: 150, seed: 5 })
    const expected = await account.until(undisturbed.id, ended)

    const listener = await listenForWebhook(account.webhookSecret)
    const { id } = await account.create({ prompt: PROMPT, nfe_budget: 150, seed: 5, webhook_url: listener.url })
    await account.until(id, ({ progress }) => (progress?.nfe_used ?? 0) > 10)
    killHard(running.stack, 'runner-1')
    const generation = await account.until(id, ended)
    assert.equal(generation.status, 'succeeded')
    assert.equal(generation.outputs[0]?.sha256, expected.outputs[0]?.sha256)
    assert.deepEqual(generation.usage, expected.usage)
    assert.equal((await listener.event).data.id, id)
    listener.close()
    await account.until(id, ({ webhook }) => webhook?.state === 'delivered')
    const totals = await account.settled()
    assert.equal(totals['spent_micro_usd'], 2 * expected.usage.price_micro_usd)
    assert.equal(totals['held_micro_usd'], 0)
  })

  test('of the edge right after its 202, the generation still ends', async () => {
    const account = await running.open()
    const { id } = await account.create({ prompt: PROMPT, nfe_budget: 30 })
    killHard(running.stack, 'edge')
    const generation = await account.until(id, ended)
    assert.equal(generation.status, 'succeeded')
    assert.equal((await account.settled())['held_micro_usd'], 0)
  })

  test('of every part at once, and a restart on the same data, open generations end and accounts add up', async () => {
    const account = await running.open(100_000)
    const ids = await Promise.all(
      [1, 2, 3].map(async (seed) => (await account.create({ prompt: PROMPT, nfe_budget: 60, seed })).id),
    )
    for (const name of running.stack.children.keys()) killHard(running.stack, name)
    await running.restart()
    let spent = 0
    for (const id of ids) {
      const generation = await account.until(id, ended)
      assert.equal(generation.status, 'succeeded')
      spent += generation.usage.price_micro_usd
    }
    const totals = await account.settled()
    assert.deepEqual(
      [totals['balance_micro_usd'], totals['held_micro_usd'], totals['spent_micro_usd']],
      [100_000 - spent, 0, spent],
    )
  })
})
