import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linear } from '../../../gpu-runner/flow/interpolant.ts'
import { searchBestOfN } from '../../../gpu-runner/search/best-of-n.ts'
import { searchCode } from '../../../gpu-runner/search/code.ts'
import { searchEvolution } from '../../../gpu-runner/search/evolution.ts'
import { searchFunnel } from '../../../gpu-runner/search/funnel.ts'
import { searchGradient } from '../../../gpu-runner/search/gradient.ts'
import { guideWeights, searchLidar } from '../../../gpu-runner/search/lidar.ts'
import type { CandidateRecord, Search } from '../../../gpu-runner/search/search.ts'
import { searchSmc } from '../../../gpu-runner/search/smc.ts'
import { searchSop } from '../../../gpu-runner/search/sop.ts'
import { searchSvdd } from '../../../gpu-runner/search/svdd.ts'
import { searchThreshold } from '../../../gpu-runner/search/threshold.ts'
import { searchZeroOrder } from '../../../gpu-runner/search/zero-order.ts'
import { drive, task } from './closed-form-model.ts'

const run = <State, Settings>(
  search: Search<State, Settings>,
  over: Parameters<typeof task>[0],
  settings = search.defaults,
) => drive(search, search.start(task(over), settings))

const meanBest = <State, Settings>(search: Search<State, Settings>, settings = search.defaults) => {
  const rewards = Array.from(
    { length: 30 },
    (_, seed) => run(search, { nfeBudget: 120, seed }, settings).answers[0]?.reward ?? 0,
  )
  return rewards.reduce((a, b) => a + b, 0) / rewards.length
}

test('every guided search beats one plain walk on average (fixed seeds)', () => {
  const one = { ...searchBestOfN.defaults, sampler: { ...searchBestOfN.defaults.sampler, steps: 120 } }
  const plain = meanBest(searchBestOfN, one)
  const means = [
    searchFunnel,
    searchSop,
    searchSmc,
    searchCode,
    searchSvdd,
    searchThreshold,
    searchLidar,
    searchZeroOrder,
    searchEvolution,
  ].map((search) => meanBest(search as unknown as Search<unknown, unknown>))
  assert.ok(
    means.every((mean) => mean > plain + 0.3),
    `${plain} against ${means}`,
  )
})

test('best-of-n spends its whole budget on walks whose steps differ by at most one', () => {
  const { records } = run(searchBestOfN, { nfeBudget: 107 })
  const steps = [...Map.groupBy(records, ({ lane }) => lane).values()].map((lane) => lane.length)
  assert.deepEqual([...steps].sort(), [21, 21, 21, 22, 22])
})

test('a funnel refines the best quarter of its drafts from the same noise', () => {
  const { records } = run(searchFunnel, { nfeBudget: 150 })
  const [first = 0, second = 0] = searchFunnel.defaults.stages
  const finished = records.filter((one) => one.finished)
  const drafts = finished.filter(({ step }) => step === first - 1)
  const refined = finished.filter(({ step }) => step === second - 1)
  assert.equal(refined.length, Math.ceil(drafts.length / 4))
  const best = [...drafts].sort((a, b) => (b.reward ?? 0) - (a.reward ?? 0)).slice(0, refined.length)
  assert.deepEqual(new Set(refined.map(({ lane }) => lane)), new Set(best.map(({ lane }) => lane)))
})

test('SMC lets poor particles die and good ones multiply, and keeps all when the strength is 0', () => {
  const settings = { ...searchSmc.defaults, sampler: { ...searchSmc.defaults.sampler, steps: 10 } }
  const died = (records: readonly CandidateRecord[]) => records.filter(({ accepted }) => !accepted).length
  assert.ok(died(run(searchSmc, { nfeBudget: 160 }, settings).records) > 5)
  assert.equal(died(run(searchSmc, { nfeBudget: 160 }, { ...settings, strength: 0 }).records), 0)
})

test('CoDe scores candidates only where a block ends, SVDD at every step', () => {
  const scored = (records: readonly CandidateRecord[]) =>
    new Set(records.filter(({ reward }) => reward !== undefined).map(({ step }) => step))
  assert.deepEqual(scored(run(searchCode, { nfeBudget: 160 }).records), new Set([0, 4, 9, 14, 19]))
  assert.equal(scored(run(searchSvdd, { nfeBudget: 160 }).records).size, searchSvdd.defaults.sampler.steps)
})

test('a threshold draws its least number of candidates before it accepts any', () => {
  const { records } = run(searchThreshold, { nfeBudget: 120 })
  const { rule, sampler } = searchThreshold.defaults
  assert.ok(rule.kind === 'threshold')
  for (const [step, ones] of Map.groupBy(records, (one) => one.step)) {
    if (step > 0 && step < sampler.steps - 1) assert.ok(ones.length > Math.min(rule.least, (ones[0]?.quota ?? 1) - 1))
  }
})

test('gradient guidance refuses evaluations without a gradient, and helps when it has one', () => {
  const state = searchGradient.start(task(), searchGradient.defaults)
  const answers = searchGradient.ask(state).map(() => ({ velocity: new Float32Array(4), reward: 0 }))
  assert.throws(() => searchGradient.tell(state, answers), /gradient/)
  assert.ok(meanBest(searchGradient) > meanBest(searchThreshold))
})

test("LiDAR's weights sum to nothing, lean towards higher rewards, and vanish where one look-ahead is certain", () => {
  const points = [
    [1, 0],
    [-1, 0],
    [0, 1],
  ]
  const lookAheads = points.map((point, i) => ({ clean: Float32Array.from(point), norm: 1, reward: -i }))
  const facts = { x: Float32Array.of(0.1, 0.1), lookAheads, strength: 2 }
  const early = guideWeights(linear, { ...facts, t: 0.95 })
  assert.ok(Math.abs(early.reduce((a, b) => a + b, 0)) < 1e-12)
  assert.ok((early[0] ?? 0) > 0 && (early[2] ?? 0) < 0)
  const late = guideWeights(linear, { ...facts, x: Float32Array.of(-0.95, 0), t: 0.05 })
  assert.ok(late.every((weight) => Math.abs(weight) < 1e-6))
})
