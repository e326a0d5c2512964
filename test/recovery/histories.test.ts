/** Random histories of money, cut off between any two writes, against a model in memory: the books add up after every step. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { auditBooks, readBooks } from '../../functions/reconcile/audit-account.ts'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { createAccount } from '../../shared/stores/accounts.ts'
import { cancelGeneration } from '../../shared/stores/cancel-generation.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import { creditAccount } from '../../shared/stores/credits.ts'
import {
  type Ending,
  finishGeneration,
  getGeneration,
  leaseGeneration,
  putGeneration,
} from '../../shared/stores/generations.ts'
import { holdBudget } from '../../shared/stores/holds.ts'
import type { Table } from '../../shared/stores/store.ts'
import { type Edge, startEdge } from '../api/edge.ts'

const PRICE = 20
const LEASE_MS = 1000
const HISTORIES = 400
const LIMIT_MS = 40_000

class Crash extends Error {}

/** Each step may be cut off: the process dies with its n-th write done and not answered. */
const cut = fc.option(fc.integer({ min: 0, max: 6 }), { nil: Number.POSITIVE_INFINITY, freq: 2 })
const step = fc.record({
  act: fc.constantFrom('credit', 'create', 'create', 'work', 'work', 'cancel', 'complete', 'reconcile'),
  /** Which credit or generation. */
  of: fc.nat(2),
  nfe: fc.integer({ min: 1, max: 30 }),
  used: fc.nat(100),
  fails: fc.boolean(),
  cut,
})
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

describe('a history of money', () => {
  let edge: Edge
  let now = Date.parse('2026-01-01T00:00:00Z')
  let accounts = 0
  before(async () => {
    edge = await startEdge(() => now)
  })
  after(() => edge.close())

  /** The table as a process sees it that dies after `writes` more writes. */
  const dying = (writes: number): Table => {
    let left = writes
    const client = new Proxy(edge.api.table.client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'send') return value
        return async (command: { constructor: { name: string } }) => {
          if (left < 0) throw new Crash()
          const answer: unknown = await target.send(command as never)
          if (/Put|Update|Transact/.test(command.constructor.name) && --left < 0) throw new Crash()
          return answer
        }
      },
    })
    return { ...edge.api.table, client }
  }

  const play = async (accountId: string, { act, of, nfe, used, fails }: Step, table: Table): Promise<void> => {
    const named = { accountId, generationId: `gen_${accountId}_${of}` }
    const on = { ...edge.api, table, reviewMs: 60_000, now: () => now }
    switch (act) {
      case 'credit':
        await creditAccount(table, { accountId, id: `credit${of}`, microUsd: 400 + of, at: now })
        return
      case 'create': {
        const key = { id: 'key_A', nfe_per_day: null, nfe_per_month: null }
        const terms = { microUsd: nfe * PRICE, nfe, at: now, createdAt: now, reviewAt: now + on.reviewMs }
        // A retry is another request: with its own amount it must not be taken for the first.
        if ((await getGeneration(table, named)) !== undefined) return
        const held = await holdBudget(table, { ...named, ...terms, key })
        if (held.kind === 'held') await putGeneration(table, itemOf(named, nfe), now + on.reviewMs)
        return
      }
      case 'work': {
        const lease = await leaseGeneration(table, { ...named, now, leaseMs: LEASE_MS })
        if (lease.kind !== 'leased') return
        const { fence, nfe_budget } = lease.generation
        const ending = endingOf(fails ? undefined : Math.max(1, Math.floor((nfe_budget * used) / 100)))
        await finishGeneration(table, { ...named, fence, ending, now, reviewAt: now + on.reviewMs })
        const ended = await getGeneration(table, named)
        if (ended !== undefined) await completeGeneration(on, ended)
        return
      }
      case 'cancel':
        await cancelGeneration(table, { ...named, now, reviewAt: now + on.reviewMs })
        return
      case 'complete': {
        const generation = await getGeneration(table, named)
        if (generation?.finished_at !== undefined) await completeGeneration(on, generation)
        return
      }
      case 'reconcile':
        now += on.reviewMs + 1
        await reconcile(on, (_, error) => {
          throw error
        })
    }
  }

  test('balances after every step, ends each generation once, and comes to rest without a hold', async (t) => {
    let histories = 0
    let steps = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (history) => {
        const accountId = `acc_${++accounts}`
        await createAccount(edge.api.table, { id: accountId, name: 'History', webhookSecret: 'none', at: now })
        /** The model: what was credited, and how each generation was first seen to end. */
        const credited = new Set<number>()
        const ends = new Map<string, string>()
        const compare = async () => {
          const books = await readBooks(edge.api.table, accountId)
          assert.ok(books)
          assert.deepEqual(auditBooks(books), [])
          const paidIn = [...credited].reduce((sum, of) => sum + 400 + of, 0)
          assert.equal(books.account.credited_micro_usd, paidIn)
          for (const { id, status, nfe_used, finished_at } of books.generations) {
            if (finished_at === undefined) continue
            const end = `${status} ${nfe_used}`
            assert.equal(ends.get(id) ?? end, end)
            ends.set(id, end)
          }
          return books
        }
        for (const one of history) {
          now += 400
          await play(accountId, one, dying(one.cut)).catch((error) => {
            if (!(error instanceof Crash)) throw error
          })
          // Its transaction was its first write: cut off or not, it was done.
          if (one.act === 'credit') credited.add(one.of)
          await compare()
          steps++
        }
        const patient = { act: 'work', nfe: 1, used: 50, fails: false, cut: 0 } as const
        now += 120_000
        for (const each of [0, 1, 2]) await play(accountId, { ...patient, of: each }, edge.api.table)
        for (let again = 0; again < 2; again++)
          await play(accountId, { ...patient, of: 0, act: 'reconcile' }, edge.api.table)
        const { account, generations } = await compare()
        assert.deepEqual(account.holds, {})
        assert.equal(account.held_micro_usd, 0)
        const spent = generations.reduce((sum, { nfe_used: nfe = 0 }) => sum + nfe * PRICE, 0)
        assert.equal(account.spent_micro_usd, spent)
        histories++
      }),
      { numRuns: HISTORIES, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: false },
    )
    t.diagnostic(`${histories} histories, ${steps} steps`)
    // How many fit into the time is the machine: 147 beside a run of chaos on two cores, 21 at a load of 14.
    assert.ok(histories >= 5, `${histories} histories`)
  })

  const itemOf = ({ accountId, generationId }: { accountId: string; generationId: string }, nfe: number) => ({
    id: generationId,
    account_id: accountId,
    status: 'queued' as const,
    pack: 'emoji-world',
    prompt: 'a bear',
    reward: { name: 'count', counts: { bear: 1 } },
    search: 'rbf' as const,
    seed: 1,
    nfe_budget: nfe,
    micro_usd_per_nfe: PRICE,
    price_list: '2026-01',
    key_id: 'key_A',
    created_at: now,
    fence: 0,
  })
})

const endingOf = (nfe: number | undefined): Ending =>
  nfe === undefined
    ? { status: 'failed', nfe_used: 0, error: { code: 'search_failed', detail: 'It failed.' } }
    : {
        status: 'succeeded',
        stop_reason: 'budget',
        nfe_used: nfe,
        result: {
          reward: -1,
          parts: [{ name: 'count', weight: 1, reward: -1 }],
          counts: { asked: { bear: 1 }, found: { bear: 1 }, exact: true },
        },
        outputs: [],
      }
