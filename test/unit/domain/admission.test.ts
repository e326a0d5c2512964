/** Who is let in, when it will begin, and how many messages an account may have: from a reading of the fleet alone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type FleetReading, judgeAdmission, messagesAtOnce } from '../../../shared/domain/admission.ts'
import { freePlaces, type InLine, isNoted, nextInLine } from '../../../shared/domain/line.ts'

const EMPTY: FleetReading = {
  at: 0,
  secondsPerNfe: 0.1,
  tasks: 4,
  maxTasks: 10,
  concurrency: 2,
  queuedNfe: 0,
  runningNfe: 0,
  running: 0,
  accounts: 0,
  heaviest: [],
}
const ASKED = { accountId: 'me', nfe: 500, patient: false, maxQueueSeconds: 3600 }

describe('the messages of one account that have not begun', () => {
  test('are a quarter of the places of the fleet when it is alone', () => {
    assert.equal(messagesAtOnce({ ...EMPTY, tasks: 20, accounts: 1 }), 10)
  })
  test('are its share of these when others have work too, and never none', () => {
    assert.equal(messagesAtOnce({ ...EMPTY, tasks: 20, accounts: 4 }), 3)
    assert.equal(messagesAtOnce({ ...EMPTY, tasks: 20, accounts: 1000 }), 1)
    assert.equal(messagesAtOnce({ ...EMPTY, tasks: 0 }), 1)
  })
  test('of all accounts together are enough for a quarter of the places to become free at once', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 64 }), fc.nat(5000), (tasks, concurrency, accounts) =>
        assert.ok(
          4 * messagesAtOnce({ ...EMPTY, tasks, concurrency, accounts }) * Math.max(1, accounts) >= tasks * concurrency,
        ),
      ),
    )
  })
})

describe('an admission', () => {
  test('to a fleet with a free place begins at once', () => {
    assert.deepEqual(judgeAdmission(EMPTY, ASKED), { kind: 'accepted', startsInSeconds: 0 })
    assert.deepEqual(judgeAdmission({ ...EMPTY, running: 7, runningNfe: 3500, accounts: 1 }, ASKED), {
      kind: 'accepted',
      startsInSeconds: 0,
    })
  })
  test('to a fleet that sleeps begins when it has woken', () => {
    assert.deepEqual(judgeAdmission({ ...EMPTY, tasks: 0 }, ASKED), { kind: 'accepted', startsInSeconds: 300 })
  })
  test('waits for as much of each other account as of its own, and for no more', () => {
    const reading = {
      ...EMPTY,
      queuedNfe: 101_000,
      accounts: 3,
      heaviest: [
        ['loud', 100_000],
        ['me', 1000],
      ],
    } as const
    // 1,000 of its own, and 1,500 of the loud one: its own and what is asked now.
    assert.deepEqual(judgeAdmission(reading, ASKED), { kind: 'accepted', startsInSeconds: (2500 * 0.1) / 4 })
  })
  test('of low priority waits for everything', () => {
    const reading = { ...EMPTY, queuedNfe: 40_000, accounts: 1, heaviest: [['loud', 40_000]] } as const
    assert.deepEqual(judgeAdmission(reading, { ...ASKED, patient: true }), { kind: 'accepted', startsInSeconds: 1000 })
  })
  test('is refused when the whole fleet would need longer, with when to come again', () => {
    const reading = { ...EMPTY, queuedNfe: 400_000, accounts: 1, heaviest: [['me', 400_000]] } as const
    const refused = judgeAdmission(reading, ASKED)
    assert.deepEqual(refused, { kind: 'overloaded', startsInSeconds: 4000, retryAfterSeconds: 400 })
    assert.equal(judgeAdmission(reading, { ...ASKED, accountId: 'other' }).kind, 'accepted')
  })
  test('is never sooner for more that waits', () => {
    const nfe = fc.nat(1_000_000)
    fc.assert(
      fc.property(nfe, nfe, fc.integer({ min: 1, max: 100 }), (less, more, tasks) => {
        const wait = (queuedNfe: number) =>
          judgeAdmission({ ...EMPTY, tasks, queuedNfe, accounts: 1, heaviest: [['loud', queuedNfe]] }, ASKED)
        assert.ok(wait(less).startsInSeconds <= wait(less + more).startsInSeconds + 1e-9)
      }),
    )
  })
})

describe('a line', () => {
  test('lets nobody past one that waits', () => {
    assert.equal(freePlaces([{}, { waits: true }], 10), 0)
    assert.equal(freePlaces([{}, {}], 3), 1)
    assert.equal(freePlaces([{}, {}, {}, {}], 3), 0)
  })
  test('has room for another when one has begun', () => {
    assert.equal(freePlaces([{ at_work: true }, {}], 2), 1)
    assert.deepEqual(nextInLine({ gen_1: { at_work: true }, gen_2: { waits: true } }, 1), [
      { generationId: 'gen_2', priority: 'standard' },
    ])
  })
  test('notes who begins where half of its places are taken, each priority for itself', () => {
    const holds: Record<string, InLine> = { gen_1: {}, gen_2: { priority: 'low' }, gen_3: { at_work: true } }
    assert.equal(isNoted(holds, { messagesAtOnce: 1 }), true)
    assert.equal(isNoted(holds, { messagesAtOnce: 2 }), true)
    assert.equal(isNoted(holds, { messagesAtOnce: 3 }), false)
    assert.equal(isNoted(holds, { priority: 'low', messagesAtOnce: 3 }), false)
  })
  test('sends the oldest first, each priority for itself', () => {
    const holds: Record<string, InLine> = {
      gen_3: { waits: true },
      gen_1: {},
      gen_2: { waits: true },
      gen_4: { waits: true, priority: 'low' },
    }
    assert.deepEqual(nextInLine(holds, 2), [
      { generationId: 'gen_2', priority: 'standard' },
      { generationId: 'gen_4', priority: 'low' },
    ])
    assert.deepEqual(nextInLine(holds, 1), [{ generationId: 'gen_4', priority: 'low' }])
  })
})
