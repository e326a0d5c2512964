/** Some chaos in every test run; `npm run chaos` makes longer ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChaos } from './run-chaos.ts'

test('nothing acknowledged is lost, nobody is charged twice and every book adds up after kills and faults', async () => {
  const figures = await runChaos({ seconds: 45, seed: 1 })
  assert.deepEqual(figures.breaks, [])
  assert.ok(figures.kills >= 5 && figures.faults >= 5 && figures.generations >= 5, JSON.stringify(figures))
})
