import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchBestOfN } from '../../../gpu-runner/search/best-of-n.ts'
import { searchRbf } from '../../../gpu-runner/search/rbf.ts'
import { searchRbfPaper } from '../../../gpu-runner/search/rbf-paper.ts'
import type { Ask, CandidateRecord, Evaluation, Search } from '../../../gpu-runner/search/search.ts'
import { drive, task } from './closed-form-model.ts'

/** Runs a search against rewards that a function makes up; velocities are zero. */
function pretend<State, Settings>(
  search: Search<State, Settings>,
  { nfeBudget, reward }: { nfeBudget: number; reward: (ask: Ask, nth: number) => number },
): CandidateRecord[] {
  let state = search.start(task({ nfeBudget }), search.defaults)
  const records: CandidateRecord[] = []
  let nth = 0
  while (!search.done(state)) {
    const evaluations = search.ask(state).map((ask): Evaluation => {
      const velocity = new Float32Array(4)
      return ask.wants === 'velocity' ? { velocity } : { velocity, reward: reward(ask, nth++) }
    })
    const told = search.tell(state, evaluations)
    records.push(...told.records)
    state = told.state
  }
  return records
}

const { draft, drafts, repair } = searchRbf.defaults
const isRound = ({ step }: CandidateRecord) => step >= draft.steps

test('carries the quota that a round did not need to the next round', () => {
  // Every estimate beats all before it: each round draws one candidate and hands the rest on.
  const records = pretend(searchRbf, { nfeBudget: 100, reward: (_, nth) => nth }).filter(isRound)
  const draws = records.filter(({ t, reward }, i) => reward !== undefined && t > (records[i + 1]?.t ?? 0))
  const quotas = [...Map.groupBy(draws, ({ step }) => step).values()].map(([first]) => first?.quota ?? 0)
  assert.equal(quotas[0], repair.quota)
  for (const [i, quota] of quotas.slice(1, 6).entries()) assert.equal(quota, repair.quota + (quotas[i] ?? 0) - 1)
})

test('spends the whole quota of a round in vain before it takes the best', () => {
  // Drafts score 0, everything after less: no candidate ever beats the bar.
  const records = pretend(searchRbf, { nfeBudget: 100, reward: ({ t }, nth) => (nth <= drafts ? 0 : -t - nth) })
  const firstRound = records.filter(({ step }) => step === draft.steps)
  assert.equal(firstRound.length, repair.quota + repair.first.steps - 1)
  assert.ok(firstRound.slice(0, repair.quota).every(({ t }) => t === repair.first.t))
  assert.deepEqual(
    firstRound.slice(0, repair.quota).map(({ accepted }) => accepted),
    Array.from({ length: repair.quota }, (_, i) => i === repair.quota - 1),
  )
})

test('puts less noise back as the budget is spent', () => {
  const records = pretend(searchRbf, { nfeBudget: 100, reward: () => 0 }).filter(isRound)
  const times = [...Map.groupBy(records, ({ step }) => step).values()].map(([first]) => first?.t ?? 0)
  assert.ok(times.length >= 8)
  assert.ok(times.every((t, i) => i === 0 || t < (times[i - 1] ?? 0)))
  assert.ok((times[0] ?? 0) === repair.first.t && (times.at(-1) ?? 0) >= repair.last.t)
})

test('spends every NFE of its budget when nothing stops it', () => {
  for (const nfeBudget of [1, 2, 9, 10, 11, 12, 13, 57, 100]) {
    const { nfe, stop } = drive(searchRbf, searchRbf.start(task({ nfeBudget }), searchRbf.defaults))
    assert.equal(nfe, nfeBudget)
    assert.equal(stop, 'budget')
  }
})

test('stops at the finished image that reaches the target, never at an estimate', () => {
  const target = { nfeBudget: 200, targetReward: 5 }
  let state = searchRbf.start(task(target), searchRbf.defaults)
  let finishedAbove = 0
  while (!searchRbf.done(state)) {
    const evaluations = searchRbf.ask(state).map(({ wants, t }): Evaluation => {
      const velocity = new Float32Array(4)
      // Estimates promise 9; images keep 1 until late.
      if (wants === 'velocity') return { velocity }
      const finished = t <= repair.first.t / repair.first.steps + 1e-9
      const reward = finished ? (searchRbf.progress(state).nfeUsed > 120 ? 6 : 1) : 9
      if (finished && reward >= target.targetReward) finishedAbove++
      return { velocity, reward }
    })
    state = searchRbf.tell(state, evaluations).state
  }
  assert.equal(searchRbf.stop(state), 'target_reward')
  assert.equal(finishedAbove, 1)
  assert.ok(searchRbf.progress(state).nfeUsed < 200)
})

test('reaches more than best-of-n with a fifth of the NFEs on a model whose wish is rare (fixed seeds)', () => {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const seeds = Array.from({ length: 24 }, (_, seed) => seed)
  const best = <State, Settings>(search: Search<State, Settings>, nfeBudget: number) =>
    mean(
      seeds.map(
        (seed) =>
          drive(search, search.start(task({ nfeBudget, seed }), search.defaults)).answers[0]?.reward ?? -Infinity,
      ),
    )
  assert.ok(best(searchRbf, 100) > best(searchBestOfN, 500))
})

test("the authors' loop walks their ten times of VP and answers at linear t = 0.709", () => {
  const { records } = drive(searchRbfPaper, searchRbfPaper.start(task({ nfeBudget: 500 }), searchRbfPaper.defaults))
  const times = [...new Set(records.map(({ t }) => t))]
  assert.equal(times.length, 10)
  assert.equal(times.at(-1)?.toFixed(3), '0.709')
  assert.equal(times.filter((t) => t > 0.96).length, 7)
  assert.equal(records.filter(({ step }) => step === 0).length, 25)
  assert.equal(records.at(-1)?.nfe, 500)
})
