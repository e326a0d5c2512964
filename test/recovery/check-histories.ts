/** Plays random histories against the emulators and a model in memory: the books add up after every step. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { auditBooks, readBooks } from '../../functions/reconcile/audit-account.ts'
import { createAccount } from '../../shared/stores/accounts.ts'
import { startEdge } from '../api/edge.ts'
import { Crash, creditOf, dyingTable, PLACES, PRICE, playStep, type Step, stepArbitrary } from './histories.ts'
import { moveInProcess } from './table-in-process.ts'

export interface HistoriesFigures {
  readonly histories: number
  readonly steps: number
  /** Steps that were cut off between two writes. */
  readonly crashes: number
  /** The smallest history that does not add up, and how. */
  readonly failure?: string
}

const STEP_MS = 400
/** Longer than a lease and a review. */
const LONG_MS = 120_000

/** As many of `numRuns` as fit into `limitMs`. */
export const checkHistories = async (of: {
  numRuns: number
  seed: number
  limitMs: number
}): Promise<HistoriesFigures> => {
  const clock = { now: Date.now() }
  const edge = await startEdge(() => clock.now)
  const closeTable = await moveInProcess(edge.api.table)
  const counts = { histories: 0, steps: 0, crashes: 0 }
  let accounts = 0

  const playHistory = async (history: readonly Step[]): Promise<void> => {
    const accountId = `acc_${++accounts}`
    await createAccount(edge.api.table, { id: accountId, name: 'History', webhookSecret: 'none', at: clock.now })
    /** The model: what was credited, and how each generation was first seen to end. */
    const credited = new Set<number>()
    const ends = new Map<string, string>()
    const compare = async () => {
      const books = await readBooks(edge.api.table, accountId)
      assert.ok(books)
      assert.deepEqual(auditBooks(books), [])
      const paidIn = [...credited].reduce((sum, of) => sum + creditOf(of), 0)
      assert.equal(books.account.credited_micro_usd, paidIn)
      for (const { id, status, nfe_used, finished_at } of books.generations) {
        if (finished_at === undefined) continue
        const end = `${status} ${nfe_used}`
        assert.equal(ends.get(id) ?? end, end)
        ends.set(id, end)
      }
      return books
    }
    const patient = { act: 'work', of: 0, nfe: 1, used: 50, fails: false, cut: Number.POSITIVE_INFINITY } as const
    // Without money nothing happens.
    for (const step of [{ ...patient, act: 'top-up' } as const, ...history]) {
      clock.now += STEP_MS
      const table = dyingTable(edge.api.table, step.cut)
      await playStep(edge, { accountId, step, table, clock }).catch((error) => {
        if (!(error instanceof Crash)) throw error
        counts.crashes++
      })
      // Its transaction was its first write: cut off or not, it was done.
      if (step.act === 'top-up') credited.add(step.of)
      await compare()
      counts.steps++
    }
    // Now everybody lives long enough.
    const { table } = edge.api
    clock.now += LONG_MS
    await playStep(edge, { accountId, step: { ...patient, act: 'reconcile' }, table, clock })
    for (const of of PLACES.keys()) await playStep(edge, { accountId, step: { ...patient, of }, table, clock })
    await playStep(edge, { accountId, step: { ...patient, act: 'reconcile' }, table, clock })
    const { account, generations } = await compare()
    assert.deepEqual(account.holds, {})
    assert.equal(account.held_micro_usd, 0)
    const spent = generations.reduce((sum, { nfe_used: nfe = 0 }) => sum + nfe * PRICE, 0)
    assert.equal(account.spent_micro_usd, spent)
    counts.histories++
  }

  try {
    const property = fc.asyncProperty(fc.array(stepArbitrary, { minLength: 3, maxLength: 14 }), playHistory)
    const options = { interruptAfterTimeLimit: of.limitMs, markInterruptAsFailure: false }
    const result = await fc.check(property, { numRuns: of.numRuns, seed: of.seed, ...options })
    const failure = `${fc.stringify(result.counterexample)}: ${String(result.errorInstance)}`
    return { ...counts, ...(result.failed && { failure }) }
  } finally {
    await edge.close()
    await closeTable()
  }
}
