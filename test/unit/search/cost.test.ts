/** Packs with classifier-free guidance: two NFEs an evaluation, in budget, trace and progress alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSearch } from '../../../gpu-runner/engine/run-search.ts'
import { searchAtCost } from '../../../gpu-runner/search/cost.ts'
import type { CandidateRecord, Search } from '../../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../../gpu-runner/search/searches.ts'
import { evaluateClosedForm, taskOf } from '../engine/closed-form.ts'

const evaluate = async (asks: Parameters<typeof evaluateClosedForm>[0][]) => asks.map(evaluateClosedForm)

for (const [name, one] of Object.entries(SEARCHES))
  test(`${name} at two NFEs an evaluation finds what it finds with half the budget, and says twice the NFEs`, async () => {
    const search = one as Search<unknown, unknown>
    const run = async (each: Search<unknown, unknown>, nfeBudget: number, nfePerEvaluation: number) => {
      const records: CandidateRecord[] = []
      const outcome = await runSearch({
        search: each,
        task: taskOf({ nfeBudget }),
        nfePerEvaluation,
        evaluate: (asks) => evaluate([...asks]),
        onTold: (told) => records.push(...told.records),
      })
      return { outcome, records }
    }
    const plain = await run(search, 60, 1)
    const doubled = await run(searchAtCost(search, 2), 121, 2)
    assert.equal(doubled.outcome.nfeUsed, 2 * plain.outcome.nfeUsed)
    assert.deepEqual(doubled.outcome.answers, plain.outcome.answers)
    assert.deepEqual(
      doubled.records.map(({ nfe }) => nfe),
      plain.records.map(({ nfe }) => 2 * nfe),
    )
  })

test('an extension of an odd number of NFEs spends the even part', () => {
  const search = searchAtCost(SEARCHES['best-of-n'] as Search<unknown, unknown>, 2)
  const told = (state: unknown): unknown =>
    search.done(state) ? state : told(search.tell(state, search.ask(state).map(evaluateClosedForm)).state)
  const spent = told(search.start(taskOf({ nfeBudget: 40 }), search.defaults))
  const before = search.progress(spent).nfeUsed
  const further = told(search.extend(spent, { nfe: 41 }))
  assert.equal(search.progress(further).nfeUsed - before, 40)
  assert.equal(search.leastMore(spent), 2)
  assert.throws(() => search.extend(spent, { nfe: 1 }), RangeError)
})
