import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeState, encodeState } from '../../../gpu-runner/search/checkpoint.ts'
import type { Search } from '../../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../../gpu-runner/search/searches.ts'
import { drive, evaluate, rewardOf, task } from './closed-form-model.ts'

const budgets = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 160 }))
const tasks = fc.record({ nfeBudget: budgets, seed: fc.nat(), outputs: fc.integer({ min: 1, max: 4 }) })
const settled = { numRuns: 25, seed: 20_251 }
/** For laws that run a search several times. */
const fewer = { ...settled, numRuns: 10 }

for (const [name, entry] of Object.entries(SEARCHES)) {
  // The laws look at no state from inside: one type for all of them.
  const search = entry as unknown as Search<unknown, unknown>
  const start = (over: Parameters<typeof task>[0]) => search.start(task(over), search.defaults)

  describe(`${name} obeys the laws of every search`, () => {
    test('spends at most its budget, counted at the model, and says exactly what it spent', () => {
      fc.assert(
        fc.property(tasks, (over) => {
          const run = drive(search, start(over))
          assert.ok(run.nfe <= over.nfeBudget && run.nfe >= 1)
          assert.equal(search.progress(run.state).nfeUsed, run.nfe)
          assert.equal(run.records.at(-1)?.nfe, run.nfe)
          assert.notEqual(run.stop, undefined)
        }),
        settled,
      )
    })

    test('has an answer at any moment after the first round, and its best never gets worse', () => {
      fc.assert(
        fc.property(tasks, (over) => {
          let best = -Infinity
          drive(search, start(over), {
            between: (state) => {
              const [first] = search.answers(state)
              assert.ok(first !== undefined && first.reward >= best)
              best = first.reward
              return state
            },
          })
        }),
        settled,
      )
    })

    test("answers with distinct lanes, best first, and each reward is its latent's own", () => {
      fc.assert(
        fc.property(tasks, (over) => {
          const { answers } = drive(search, start(over))
          assert.ok(answers.length >= 1 && answers.length <= over.outputs)
          assert.equal(new Set(answers.map(({ lane }) => lane)).size, answers.length)
          answers.forEach((answer, i) => {
            assert.ok(i === 0 || answer.reward <= (answers[i - 1]?.reward ?? Infinity))
            assert.ok(Math.abs(rewardOf(answer.latent) - answer.reward) < 1e-3 * (1 + Math.abs(answer.reward)))
          })
        }),
        settled,
      )
    })

    test('gives as many images as were asked for when the budget reaches', () => {
      for (const outputs of [2, 3, 5]) {
        assert.equal(drive(search, start({ nfeBudget: 60 * outputs, outputs })).answers.length, outputs)
      }
    })

    test('gives the same answers when its state is stored and read back at any round', () => {
      fc.assert(
        fc.property(tasks, fc.integer({ min: 1, max: 30 }), (over, every) => {
          const whole = drive(search, start(over))
          let round = 0
          const resumed = drive(search, start(over), {
            between: (state) => (++round % every === 0 ? decodeState(encodeState(state)) : state),
          })
          assert.deepEqual(resumed.answers, whole.answers)
          assert.deepEqual(resumed.records, whole.records)
        }),
        settled,
      )
    })

    test('gives the same answers whether its asks are evaluated together or one by one, in any order', () => {
      fc.assert(
        fc.property(tasks, (over) => {
          const whole = drive(search, start(over))
          let state = start(over)
          while (!search.done(state)) {
            // Each ask is asked for again from a copy of the state, last first, as an engine with a queue may do.
            const evaluations = search.ask(state).map((_, i, all) => {
              const copy = decodeState(encodeState(state))
              const at = all.length - 1 - i
              return { at, evaluation: evaluate(search.ask(copy)[at] ?? fail()) }
            })
            const inOrder = evaluations.sort((a, b) => a.at - b.at).map(({ evaluation }) => evaluation)
            state = search.tell(state, inOrder).state
          }
          assert.deepEqual(search.answers(state), whole.answers)
        }),
        { ...settled, numRuns: 5 },
      )
    })

    test('given more NFEs goes on: spends only those, evaluates nothing twice, and is never worse', () => {
      fc.assert(
        fc.property(tasks, fc.integer({ min: 1, max: 60 }), (over, nfe) => {
          const first = drive(search, start(over))
          if (search.leastMore(first.state) === undefined) return
          const second = drive(search, search.extend(stored(first.state), { nfe }))
          assert.ok(second.nfe >= 1 && second.nfe <= nfe)
          assert.equal(search.progress(second.state).nfeUsed, first.nfe + second.nfe)
          assert.ok((second.answers[0]?.reward ?? -Infinity) >= (first.answers[0]?.reward ?? Infinity))
          const places = [...first.records, ...second.records].map(({ lane, step, candidate, t }) =>
            [lane, step, candidate, t].join(),
          )
          assert.equal(new Set(places).size, places.length)
        }),
        settled,
      )
    })

    test('interrupted anywhere and gone on with in pieces, it comes to what it would have come to in one', () => {
      fc.assert(
        fc.property(tasks, fc.nat({ max: 20 }), fc.array(fc.integer({ min: 1, max: 40 })), (over, rounds, pieces) => {
          const whole = drive(search, start(over))
          let part = drive(search, start(over), { rounds })
          const records = [...part.records]
          const goOn = (nfe: number) => {
            part = drive(search, search.extend(stored(part.state), { nfe }))
            records.push(...part.records)
            assert.ok(part.nfe <= nfe)
          }
          const left = () => whole.nfe - search.progress(part.state).nfeUsed
          for (const piece of pieces) {
            const nfe = Math.max(piece, search.leastMore(part.state) ?? Infinity)
            if (nfe < left()) goOn(nfe)
          }
          if (left() > 0) goOn(left())
          assert.deepEqual(part.answers, whole.answers)
          assert.deepEqual(records, whole.records)
        }),
        fewer,
      )
    })

    test('that reached its target goes on without one as if there had been none', () => {
      fc.assert(
        fc.property(tasks, fc.integer({ min: -8, max: 0 }), (over, targetReward) => {
          const free = drive(search, start(over))
          const aimed = drive(search, start({ ...over, targetReward }))
          const nfe = free.nfe - aimed.nfe
          if (aimed.stop !== 'target_reward' || nfe === 0) return
          const onward = drive(search, search.extend(stored(aimed.state), { nfe }))
          assert.deepEqual(onward.answers, free.answers)
          assert.deepEqual([...aimed.records, ...onward.records], free.records)
        }),
        fewer,
      )
    })

    test('interrupted and given more than its plan has left, ends the plan and spends the rest where it plans further', () => {
      const whole = drive(search, start({ nfeBudget: 40 }))
      const part = drive(search, start({ nfeBudget: 40 }), { rounds: 2 })
      const run = drive(search, search.extend(part.state, { nfe: 90 }))
      const plansFurther = search.leastMore(whole.state) !== undefined
      assert.deepEqual([run.stop, run.nfe], ['budget', plansFurther ? 90 : whole.nfe - part.nfe])
    })

    test('refuses fewer NFEs than it can go on with', () => {
      const { state } = drive(search, start({ nfeBudget: 40 }), { rounds: 2 })
      const least = search.leastMore(state) ?? fail()
      for (const nfe of [0, least - 1, least + 0.5])
        assert.throws(() => search.extend(state, { nfe }), RangeError, String(nfe))
    })

    test('stops at the first finished image that reaches the target', () => {
      const free = drive(search, start({ nfeBudget: 120 }))
      const reached = free.answers[0]?.reward ?? 0
      const run = drive(search, start({ nfeBudget: 120, targetReward: reached - 1 }))
      if (run.stop === 'target_reward') assert.ok((run.answers[0]?.reward ?? -Infinity) >= reached - 1)
      assert.ok(run.nfe <= free.nfe)
      assert.equal(drive(search, start({ nfeBudget: 120, targetReward: 1 })).stop === 'target_reward', false)
    })
  })
}

function stored(state: unknown): unknown {
  return decodeState(encodeState(state))
}

function fail(): never {
  throw new Error('what must be there is missing')
}
