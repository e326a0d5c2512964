import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { priceOf, searchAdaptive } from '../../../gpu-runner/search/adaptive.ts'
import {
  bandOf,
  learnProfile,
  type Profile,
  profileHash,
  type RoundRecord,
  roundsOf,
  samplesOf,
} from '../../../gpu-runner/search/profile.ts'
import { searchRbf } from '../../../gpu-runner/search/rbf.ts'
import { sha256 } from '../../../gpu-runner/search/sha256.ts'
import { drive, task } from './closed-form-model.ts'

const TIMES = [0.8, 0.5]

/** Rounds whose finished gain is half the candidate's gain, less one, at a level that gains 0, 1, .. 9 in turn. */
function lawfulRounds(t: number, start: number): RoundRecord[] {
  return Array.from({ length: 200 }, (_, i) => ({
    t,
    start,
    drawn: [start + (i % 10)],
    finished: start + (i % 10) / 2 - 1,
  }))
}

const profile = learnProfile({
  task: 'test',
  times: TIMES,
  bands: 1,
  leastPrice: 0,
  rounds: [...lawfulRounds(0.8, -20), ...lawfulRounds(0.5, -20).map((one) => ({ ...one, finished: -21 }))],
})

/** Rewards of the closed-form model are around -10; candidates may fall far below. */
const demanding = learnProfile({
  task: 'test',
  times: [0.7],
  bands: 1,
  leastPrice: 0,
  rounds: Array.from({ length: 300 }, (_, i) => ({
    t: 0.7,
    start: -5,
    drawn: [-5 + (i % 12) - 10],
    finished: -5 + (i % 12) - 8,
  })),
})

test('learns what a candidate of each gain is worth, and the quantiles of the gain', () => {
  const cell = profile.cells[0]?.[0]
  assert.ok(cell !== undefined)
  assert.equal(cell.draws, 200)
  assert.equal(cell.gains[0], 0)
  assert.equal(cell.gains.at(-1), 9)
  // Twenty rounds of each gain and two of doubt: e / 2 - 1, less a tenth.
  for (const [i, gain] of cell.gains.entries()) {
    const expected = Math.max(0, gain / 2 - 1)
    const found = cell.worth[i] ?? Number.NaN
    assert.ok(found <= expected && found >= expected * 0.9, `${gain}: ${found}`)
  }
})

test('a candidate of higher gain is never worth less, however the rounds fell out', () => {
  const gain = fc.double({ min: -20, max: 20, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(gain, gain), { minLength: 1, maxLength: 60 }), (pairs) => {
      const rounds = pairs.map(([x, y]): RoundRecord => ({ t: 0.8, start: -20, drawn: [-20 + x], finished: -20 + y }))
      const { worth = [] } =
        learnProfile({ task: 'test', times: TIMES, bands: 2, leastPrice: 0, rounds }).cells[0]?.[0] ?? {}
      assert.ok(worth.every((value, i) => value >= 0 && value >= (worth[i - 1] ?? 0)))
    }),
  )
})

test('chooses the reservation value that earns most for each NFE', () => {
  const cell = profile.cells[0]?.[0]
  assert.ok(cell !== undefined)
  const { price, reservation } = priceOf(cell, { draw: 1, down: 2 })
  // Against every other reservation value, by enumeration: 1 / P draws and 2 steps down.
  const priceAt = (least: number) => {
    const reached = cell.worth.filter((_, i) => (cell.gains[i] ?? 0) >= least)
    return reached.reduce((a, b) => a + b, 0) / reached.length / (cell.gains.length / reached.length + 2)
  }
  const best = Math.max(...Array.from({ length: 10 }, (_, least) => priceAt(least)))
  assert.ok(Math.abs(price - best) < 1e-9)
  assert.ok(Math.abs(priceAt(Math.ceil(reservation)) - best) < 1e-9)
})

test('dearer draws lower the price and the demands', () => {
  const cell = profile.cells[0]?.[0]
  assert.ok(cell !== undefined)
  const [cheap, dear] = [priceOf(cell, { draw: 1, down: 2 }), priceOf(cell, { draw: 4, down: 2 })]
  assert.ok(dear.price < cheap.price && dear.reservation <= cheap.reservation)
  assert.equal(priceOf({ ...cell, worth: cell.worth.map(() => 0) }, { draw: 1, down: 1 }).price, 0)
})

test('bands part the rounds by their starting reward', () => {
  const rounds = [...lawfulRounds(0.8, -30), ...lawfulRounds(0.8, -10)]
  const { edges } = learnProfile({ task: 'test', times: TIMES, bands: 2, leastPrice: 0, rounds })
  assert.deepEqual([bandOf(edges, -30), bandOf(edges, -10), bandOf(edges, -100), bandOf(edges, 0)], [0, 1, 0, 1])
})

test('a trace tells its rounds: where they started, what was drawn, what came of it', () => {
  const { records } = drive(searchRbf, searchRbf.start(task({ nfeBudget: 100 }), searchRbf.defaults))
  const rounds = roundsOf(records)
  assert.ok(rounds.length >= 8)
  assert.equal(
    rounds.reduce((sum, { drawn }) => sum + drawn.length, 0) +
      rounds.length * (searchRbf.defaults.repair.last.steps - 1),
    80,
  )
  let start = rounds[0]?.start ?? 0
  for (const round of rounds) {
    assert.equal(round.start, start)
    start = Math.max(start, round.finished ?? -Infinity)
  }
})

test('without a profile, or with too small a one, adaptive searches as rbf does', () => {
  const plain = drive(searchRbf, searchRbf.start(task({ nfeBudget: 100 }), searchRbf.defaults))
  const small: Profile = {
    ...profile,
    cells: profile.cells.map((band) => band.map((cell) => ({ ...cell, draws: 50 }))),
  }
  assert.ok(samplesOf(small) < searchAdaptive.defaults.least)
  for (const known of [null, small]) {
    const run = drive(
      searchAdaptive,
      searchAdaptive.start(task({ nfeBudget: 100 }), { ...searchAdaptive.defaults, profile: known }),
    )
    assert.deepEqual(run.records, plain.records)
  }
})

test('with a profile, a round draws until the reservation value is reached', () => {
  const settings = { ...searchAdaptive.defaults, profile: demanding, explore: 0 }
  const { records } = drive(searchAdaptive, searchAdaptive.start(task({ nfeBudget: 150 }), settings))
  const rounds = roundsOf(records).slice(0, -2)
  const { reservation } = priceOf(demanding.cells[0]?.[0] ?? { draws: 0, finishes: 0, gains: [], worth: [] }, {
    draw: 1,
    down: 1,
  })
  assert.ok(rounds.length > 3)
  for (const { start, drawn } of rounds) {
    assert.ok(drawn.slice(0, -1).every((reward) => reward <= start + reservation))
    assert.ok(drawn.length === settings.most || (drawn.at(-1) ?? 0) > start + reservation)
  }
})

test('ends as converged, with NFEs left, when no round to come is worth the least price', () => {
  const settings = { ...searchAdaptive.defaults, profile: { ...demanding, leastPrice: 1e6 } }
  const run = drive(searchAdaptive, searchAdaptive.start(task({ nfeBudget: 150 }), settings))
  assert.equal(run.stop, 'converged')
  assert.equal(run.nfe, 20)
  assert.equal(run.answers.length, 1)
})

test('that ended as converged goes on all the same when it is given more NFEs, and spends them', () => {
  const settings = { ...searchAdaptive.defaults, profile: { ...demanding, leastPrice: 1e6 } }
  const { state } = drive(searchAdaptive, searchAdaptive.start(task({ nfeBudget: 150 }), settings))
  const run = drive(searchAdaptive, searchAdaptive.extend(state, { nfe: 37 }))
  assert.deepEqual([run.stop, run.nfe], ['budget', 37])
})

test('the hash of a profile depends on its content and not on the order of its keys', () => {
  const { task: name, times, edges, leastPrice, cells } = profile
  assert.equal(profileHash({ cells, leastPrice, edges, times, task: name }), profileHash(profile))
  assert.notEqual(profileHash({ ...profile, task: 'other' }), profileHash(profile))
  assert.equal(profileHash(JSON.parse(JSON.stringify(profile))), profileHash(profile))
})

test('SHA-256 agrees with the platform on texts of every length around a block', () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const text = 'ä'.repeat(length)
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'))
  }
})
