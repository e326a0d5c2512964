import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runSearch, SearchFault } from '../../../gpu-runner/engine/run-search.ts'
import type { Ask, CandidateRecord, Search, SearchProgress } from '../../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../../gpu-runner/search/searches.ts'
import { evaluateClosedForm, taskOf } from './closed-form.ts'

/** Counts what it evaluates, as the model does. */
function countingModel() {
  const model = {
    nfe: 0,
    calls: 0,
    evaluate: async (asks: readonly Ask[]) => {
      model.calls++
      model.nfe += asks.filter(({ wants }) => wants !== 'reward').length
      return asks.map(evaluateClosedForm)
    },
  }
  return model
}

for (const [name, search] of Object.entries<Search<unknown, unknown>>(SEARCHES)) {
  test(`${name}: the NFEs it reports are the evaluations it asked for, within the budget`, async () => {
    const budgets = fc.integer({ min: 1, max: 90 })
    await fc.assert(
      fc.asyncProperty(budgets, fc.nat(), async (nfeBudget, seed) => {
        const model = countingModel()
        const outcome = await runSearch({ search, task: taskOf({ nfeBudget, seed }), evaluate: model.evaluate })
        assert.equal(outcome.nfeUsed, model.nfe)
        assert.ok(model.nfe >= 1 && model.nfe <= nfeBudget, `${model.nfe} of ${nfeBudget}`)
        assert.equal(outcome.stop, 'budget')
      }),
      { numRuns: 30 },
    )
  })

  test(`${name}: stopped between two evaluations, it answers with its best so far and has spent no more`, async () => {
    const model = countingModel()
    const shouldStop = () => (model.calls === 5 ? 'canceled' : undefined)
    const outcome = await runSearch({ search, task: taskOf(), evaluate: model.evaluate, shouldStop })
    assert.equal(outcome.stop, 'canceled')
    assert.equal(model.calls, 5)
    assert.equal(outcome.nfeUsed, model.nfe)
    assert.equal(outcome.answers.length, 1)
  })

  test(`${name}: goes on from a checkpoint as if it had never stopped`, async () => {
    const task = taskOf()
    const whole = await runSearch({ search, task, evaluate: countingModel().evaluate })
    let checkpoint: unknown
    const first = countingModel()
    const shouldStop = () => (first.calls === 3 ? 'canceled' : undefined)
    await runSearch({
      search,
      task,
      evaluate: first.evaluate,
      shouldStop,
      onTold: ({ state }) => (checkpoint = structuredClone(state)),
    })
    const second = countingModel()
    const rest = await runSearch({ search, task, evaluate: second.evaluate, from: checkpoint })
    assert.deepEqual(rest.answers, whole.answers)
    assert.equal(first.nfe + second.nfe, whole.nfeUsed)
    assert.equal(rest.nfeUsed, whole.nfeUsed)
  })
}

for (const name of ['best-of-n', 'rbf'] as const)
  test(`${name}: ends at the target and leaves the rest of the budget`, async () => {
    const model = countingModel()
    const search: Search<unknown, unknown> = SEARCHES[name]
    const task = taskOf({ nfeBudget: 400, targetReward: -1000 })
    const outcome = await runSearch({ search, task, evaluate: model.evaluate })
    assert.equal(outcome.stop, 'target_reward')
    assert.equal(outcome.nfeUsed, model.nfe)
    assert.ok(model.nfe < 400, `${model.nfe} NFEs`)
  })

test('stopped before the first evaluation, it spends nothing and answers nothing', async () => {
  const model = countingModel()
  const shouldStop = () => 'deadline' as const
  const outcome = await runSearch({ search: SEARCHES.rbf, task: taskOf(), evaluate: model.evaluate, shouldStop })
  assert.deepEqual(outcome, { answers: [], nfeUsed: 0, stop: 'deadline', records: 0 })
  assert.equal(model.calls, 0)
})

test('tells the state after every evaluation and each record once, in order', async () => {
  const progress: SearchProgress[] = []
  const records: CandidateRecord[] = []
  const model = countingModel()
  const outcome = await runSearch({
    search: SEARCHES.rbf,
    task: taskOf(),
    evaluate: model.evaluate,
    onTold: (told) => {
      progress.push(SEARCHES.rbf.progress(told.state))
      records.push(...told.records)
    },
  })
  assert.equal(progress.length, model.calls)
  assert.equal(progress.at(-1)?.nfeUsed, 40)
  assert.equal(records.length, outcome.records)
  assert.deepEqual(
    records.map(({ nfe }) => nfe),
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
})

test('a failed evaluation ends the run with its error', async () => {
  const evaluate = async () => Promise.reject(new Error('the graph failed'))
  await assert.rejects(runSearch({ search: SEARCHES.rbf, task: taskOf(), evaluate }), /the graph failed/)
})

/** A search that evaluates one latent a turn, three times, and can be made to break the contract. */
const threeTurns = (faults: Partial<Search<number, null>>): Search<number, null> => ({
  name: 'three-turns',
  defaults: null,
  start: () => 0,
  ask: () => [{ latent: new Float32Array(6), t: 1, wants: 'both' }],
  tell: (turn) => ({ state: turn + 1, records: [] }),
  done: (turn) => turn === 3,
  stop: (turn) => (turn === 3 ? 'budget' : undefined),
  progress: (turn) => ({ step: turn, steps: 3, nfeUsed: turn, quota: 1, rolledOver: 0 }),
  answers: () => [],
  leastMore: () => undefined,
  extend: (turn) => turn,
  ...faults,
})

test('refuses to evaluate beyond the budget, whatever the search asks', async () => {
  const model = countingModel()
  const run = { search: threeTurns({}), task: taskOf({ nfeBudget: 2 }), evaluate: model.evaluate }
  await assert.rejects(runSearch(run), new SearchFault('three-turns', 'asks for 3 NFEs where its budget is 2'))
  assert.equal(model.nfe, 2)
})

const broken: Record<string, [Partial<Search<number, null>>, RegExp]> = {
  'counts fewer NFEs than were evaluated': [
    { progress: () => ({ step: 0, steps: 3, nfeUsed: 0, quota: 1, rolledOver: 0 }) },
    /counts 0 NFEs where 1 were evaluated/,
  ],
  'asks nothing before it is done': [{ ask: () => [] }, /asks nothing/],
  'ends without a reason': [{ stop: () => undefined }, /does not say why/],
}
for (const [what, [faults, sentence]] of Object.entries(broken))
  test(`a search that ${what} is a fault, not a result`, async () => {
    const run = { search: threeTurns(faults), task: taskOf(), evaluate: countingModel().evaluate }
    await assert.rejects(runSearch(run), sentence)
  })
