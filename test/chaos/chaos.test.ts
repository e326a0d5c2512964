/** Three minutes of chaos in every test run; `npm run chaos` makes longer ones. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChaos } from './run-chaos.ts'

test('nothing acknowledged is lost, nobody is charged twice and every book adds up after kills and faults', async () => {
  const figures = await runChaos({ seconds: 180, seed: 1 })
  assert.deepEqual(figures.breaks, [])
  // How many fit into the time is the machine.
  assert.ok(figures.kills >= 2 && figures.faults >= 2 && figures.generations >= 3, JSON.stringify(figures))
})
