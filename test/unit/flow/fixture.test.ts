import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compareFlow } from '../../bench/compare-flow.ts'

const fixture = () => JSON.parse(readFileSync(new URL('../../fixtures/flow.json', import.meta.url), 'utf8'))

test('coefficients, change of interpolant, denoised, score and SDE steps agree with the published schedulers to 1e-9', () => {
  const { checked, worst, where } = compareFlow(fixture())
  assert.ok(checked > 800)
  assert.ok(worst < 1e-9, `${worst} at ${where}`)
})

test('a number that is off by a hundred-millionth is seen', () => {
  const wrong = fixture()
  wrong.steps[3].next[2] *= 1 + 1e-8
  assert.ok(compareFlow(wrong).worst > 5e-9)
  assert.match(compareFlow(wrong).where, /next\[2\]/)
})
