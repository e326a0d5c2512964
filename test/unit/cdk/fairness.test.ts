/** A flooding account among a hundred, with the code that decides in production what is queued. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareQueues } from '../../../cdk/simulate/fairness/compare.ts'

test('one flooding account does not make the others wait for twice their fair share, and without our decision it would', () => {
  const { turns, served, order } = compareQueues({ othersLoad: 0.6, floodLoad: 3, tasks: 4, seed: 5 }, 12)
  assert.ok(served <= 2 * turns, `${served} s as served, ${turns} s in turn`)
  assert.ok(order > 2 * turns, `${order} s in order of arrival, ${turns} s in turn`)
})
