/** Random histories of money, cut off between any two writes, against a model in memory; `npm run histories` plays thousands. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkHistories } from './check-histories.ts'

test('an account balances after every step, ends each generation once, and comes to rest without a hold', async (t) => {
  const { histories, steps, crashes, failure } = await checkHistories({ numRuns: 400, seed: 8, limitMs: 30_000 })
  assert.equal(failure, undefined, failure)
  t.diagnostic(`${histories} histories, ${steps} steps, ${crashes} cut off`)
  // How many fit into the time is the machine.
  assert.ok(histories >= 1, `${histories} histories`)
})
