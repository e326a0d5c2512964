/** A pack of another model with classifier-free guidance, through the whole service: what it makes, and what it costs. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decode } from 'fast-png'
import type { Generation } from '../../shared/contract/generation.ts'
import { ended, LONG, type RunningStack, runStack, type StackAccount } from './stack.ts'

const SD3 = fileURLToPath(new URL('../fixtures/packs/sd3/pack', import.meta.url))
const REQUEST = {
  pack: 'tiny-sd3',
  prompt: 'a red cube on top of a sphere',
  search: 'best-of-n',
  seed: 3,
}

describe('a pack with classifier-free guidance', () => {
  let running: RunningStack
  let account: StackAccount
  before(async () => {
    running = await runStack({ ...LONG, pack: SD3 })
    account = await running.open()
  })
  after(() => running.close())

  const imageOf = async ({ outputs }: Generation): Promise<Uint8Array> =>
    new Uint8Array(await (await fetch(outputs[0]?.url ?? '')).arrayBuffer())

  test('is offered with two NFEs an evaluation', async () => {
    const response = await fetch(`${running.stack.url}/v1/packs`, {
      headers: { authorization: `Bearer ${account.apiKey}` },
    })
    const { data } = (await response.json()) as { data: { name: string; nfe_per_evaluation: number }[] }
    assert.deepEqual(
      data.map(({ name, nfe_per_evaluation }) => [name, nfe_per_evaluation]),
      [['tiny-sd3', 2]],
    )
  })

  test('gives an image, the same for the same seed, and bills both runs of its network', async () => {
    // 43: the odd one cannot be spent, and is not charged.
    const accepted = await account.create({ ...REQUEST, nfe_budget: 43 })
    const generation = await account.until(accepted.id, ended)
    assert.equal(generation.status, 'succeeded')
    const { usage } = generation
    assert.deepEqual([usage.nfe_held, usage.nfe_used, usage.nfe_refunded], [43, 42, 1])
    assert.equal(usage.price_micro_usd, 42 * usage.price_micro_usd_per_nfe)
    assert.equal((await account.settled())['spent_micro_usd'], usage.price_micro_usd)

    const png = await imageOf(generation)
    const { width, height, data } = decode(png)
    assert.deepEqual([width, height], [32, 32])
    assert.ok(new Set(data).size > 16, 'not one colour')
    const again = await account.create({ ...REQUEST, nfe_budget: 43 })
    assert.deepEqual(await imageOf(await account.until(again.id, ended)), png)
  })

  test('a budget below one evaluation is refused, and nothing is held', async () => {
    const before = await account.settled()
    await assert.rejects(account.create({ ...REQUEST, nfe_budget: 1 }), /nfe_budget|budget/)
    assert.deepEqual(await account.totals(), before)
  })
})
