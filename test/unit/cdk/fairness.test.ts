/** A flooding account among a hundred, with the code that decides in production what is queued. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareQueues } from '../../../cdk/simulate/fairness/compare.ts'

/** The worst but one of the scenes in docs/results/fairness.md, and a third of the time of the worst. */
const TIGHT = { othersLoad: 0.3, floodLoad: 3, tasks: 4, seed: 1 }

test('one flooding account raises the p95 wait of no other beyond twice its fair share, and without our decision it would', () => {
  const { turns, served, order, worst } = compareQueues(TIGHT)
  assert.ok(worst <= 2, `the worst of ninety-nine waits ${worst} times its fair share`)
  assert.ok(served <= 2 * turns, `${served} s as served, ${turns} s in turn`)
  assert.ok(order > 2 * turns, `${order} s in order of arrival, ${turns} s in turn`)
})
