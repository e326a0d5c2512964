/** Random histories of money: what an account's clients, runners and sweeps do, each cut off after some of its writes. */
import fc from 'fast-check'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import { findBatch, putBatch } from '../../shared/stores/batches.ts'
import { cancelGeneration } from '../../shared/stores/cancel-generation.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import { creditAccount } from '../../shared/stores/credits.ts'
import { expandBatch } from '../../shared/stores/expand-batch.ts'
import {
  type Ending,
  findWritten,
  finishGeneration,
  type GenerationItem,
  getGeneration,
  leaseGeneration,
  putGeneration,
} from '../../shared/stores/generations.ts'
import { holdBudget, holdTogether } from '../../shared/stores/holds.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { Edge } from '../api/edge.ts'

export const PRICE = 20
export const creditOf = (of: number): number => 2000 + of
/** Generations by themselves, their extensions, and the lines of a batch. */
export const PLACES = ['0', '1', '2', '0x', '1x', 'b0', 'b1'] as const
type Place = (typeof PLACES)[number]

const LEASE_MS = 1000
const REVIEW_MS = 60_000
const KEY = { id: 'key_A', nfe_per_day: null, nfe_per_month: null }
const BATCH_LINES = ['b0', 'b1'] as const

/** The process dies with its n-th write done and not answered. */
const cut = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  { weight: 3, arbitrary: fc.nat(2) },
  // A settlement with its events has so many.
  { weight: 2, arbitrary: fc.nat(9) },
)
export const stepArbitrary = fc.record({
  act: fc.constantFrom(
    ...(['top-up', 'create', 'create', 'retry', 'extend', 'batch', 'work', 'work', 'race'] as const),
    ...(['cancel', 'redeliver', 'reconcile'] as const),
  ),
  /** Which credit, generation or line. */
  of: fc.nat(PLACES.length - 1),
  nfe: fc.integer({ min: 1, max: 20 }),
  used: fc.nat(100),
  fails: fc.boolean(),
  cut,
})
export type Step = typeof stepArbitrary extends fc.Arbitrary<infer One> ? One : never

export class Crash extends Error {}

/** The table as a process sees it that dies after `writes` more writes. */
export const dyingTable = (table: Table, writes: number): Table => {
  let left = writes
  const client = new Proxy(table.client, {
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
  return { ...table, client }
}

interface Scene {
  readonly on: Edge['api'] & { readonly reviewMs: number }
  readonly accountId: string
  readonly step: Step
  readonly later: (ms: number) => void
}

export const playStep = async (
  edge: Edge,
  { clock, ...played }: { accountId: string; step: Step; table: Table; clock: { now: number } },
): Promise<void> => {
  const on = { ...edge.api, table: played.table, reviewMs: REVIEW_MS, now: () => clock.now }
  const later = (ms: number) => {
    clock.now += ms
  }
  await ACTS[played.step.act]({ on, accountId: played.accountId, step: played.step, later })
}

const placeOf = ({ of }: Step): Place => PLACES[of] ?? '0'
const idOf = (accountId: string, place: Place) => `gen_${accountId}_${place}`
const named = ({ accountId, step }: Scene) => ({ accountId, generationId: idOf(accountId, placeOf(step)) })

/** What the edge does with a request: nothing anew where an earlier try of the same has written it. */
const accept = async (scene: Scene, place: Place, more: { nfe: number } & Partial<GenerationItem>): Promise<void> => {
  const { on, accountId } = scene
  const generationId = idOf(accountId, place)
  if ((await findWritten(on.table, { accountId, generationId })).kind !== 'nothing') return
  const { nfe, ...rest } = more
  const at = on.now()
  const terms = { microUsd: nfe * PRICE, nfe, at, createdAt: at, reviewAt: at + REVIEW_MS }
  const held = await holdBudget(on.table, { accountId, generationId, ...terms, key: KEY })
  const item = { ...itemOf({ accountId, generationId, nfe, at }), ...rest }
  if (held.kind === 'held') await putGeneration(on.table, item, at + REVIEW_MS)
}

const work = async (scene: Scene): Promise<void> => {
  const { on, step } = scene
  const lease = await leaseGeneration(on.table, { ...named(scene), now: on.now(), leaseMs: LEASE_MS })
  // A message that comes again after the end finishes what may be half done.
  if (lease.kind === 'ended' && !lease.closed) await completeGeneration(on, lease.generation)
  if (lease.kind !== 'leased') return
  const { fence, nfe_budget } = lease.generation
  const ending = endingOf(step.fails ? undefined : Math.max(1, Math.floor((nfe_budget * step.used) / 100)))
  await finishGeneration(on.table, { ...named(scene), fence, ending, now: on.now(), reviewAt: on.now() + REVIEW_MS })
  const ended = await getGeneration(on.table, named(scene))
  if (ended !== undefined) await completeGeneration(on, ended)
}

const cancel = async (scene: Scene): Promise<void> => {
  const { on } = scene
  const now = on.now()
  const outcome = await cancelGeneration(on.table, { ...named(scene), now, reviewAt: now + REVIEW_MS })
  if (outcome.kind === 'ended here') await completeGeneration(on, outcome.generation)
}

const makeBatch = async ({ on, accountId, step }: Scene): Promise<void> => {
  const batchId = `batch_${accountId}`
  const met = await findBatch(on.table, { accountId, batchId })
  if (met.kind === 'written') return expandBatch(on, met.batch)
  if (met.kind === 'abandoned') return
  const at = on.now()
  const [first, ...others] = BATCH_LINES.map((place) => {
    const item = itemOf({ accountId, generationId: idOf(accountId, place), nfe: step.nfe, at })
    return { ...item, batch_id: batchId, batch_line: BATCH_LINES.indexOf(place) }
  })
  if (first === undefined) return
  const partOf = ({ id, nfe_budget: nfe }: GenerationItem) => ({ generationId: id, microUsd: nfe * PRICE, nfe })
  const terms = { accountId, key: KEY, at, createdAt: at, reviewAt: at + REVIEW_MS, batchId }
  const held = await holdTogether(on.table, { ...terms, parts: [partOf(first), ...others.map(partOf)] })
  if (held.kind !== 'held') return
  const generations = [first, ...others]
  const lines = generations.map(({ id }) => ({ generation_id: id }))
  const batch = { id: batchId, account_id: accountId, created_at: at, lines, generations }
  if (await putBatch(on.table, batch, at + REVIEW_MS)) await expandBatch(on, batch)
}

/** Waits for all before one is said to have crashed: nothing of a step goes on beside the next. */
const together = async (acts: readonly Promise<unknown>[]): Promise<void> => {
  const failed = (await Promise.allSettled(acts)).find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

const ACTS: Readonly<Record<Step['act'], (scene: Scene) => Promise<unknown>>> = {
  'top-up': ({ on, accountId, step: { of } }) =>
    creditAccount(on.table, { accountId, id: `credit${of}`, microUsd: creditOf(of), at: on.now() }),
  create: (scene) => accept(scene, PLACES[scene.step.of % 3] ?? '0', { nfe: scene.step.nfe }),
  /** The same request again, with the amount that its first try has held: it may have died between hold and item. */
  retry: async (scene) => {
    const { on, accountId } = scene
    const account = await getAccount(on.table, accountId)
    const nfe = account?.holds[named(scene).generationId]?.nfe
    const place = placeOf(scene.step)
    if (nfe !== undefined && !place.startsWith('b')) await accept(scene, place, { nfe })
  },
  extend: async (scene) => {
    const { on, accountId } = scene
    const from = scene.step.of % 2 === 0 ? '0' : '1'
    const base = await getGeneration(on.table, { accountId, generationId: idOf(accountId, from) })
    if (base?.status !== 'succeeded') return
    const checkpoint = { key: 'none', bytes: 1, sha256: 'none' }
    await accept(scene, `${from}x`, { nfe: scene.step.nfe, extends: { generation_id: base.id, checkpoint } })
  },
  batch: makeBatch,
  work,
  cancel,
  /** A cancel, a runner and a sweep at the same moment. */
  race: (scene) => together([work(scene), cancel(scene), work(scene)]),
  /** The message of what has ended, twice. */
  redeliver: async (scene) => {
    const ended = await getGeneration(scene.on.table, named(scene))
    if (ended?.finished_at === undefined) return
    await together([completeGeneration(scene.on, ended), completeGeneration(scene.on, ended)])
  },
  reconcile: ({ on, later }) => {
    later(REVIEW_MS + 1)
    return reconcile(on, (_, error) => {
      throw error
    })
  },
}

const itemOf = (of: { accountId: string; generationId: string; nfe: number; at: number }): GenerationItem => ({
  id: of.generationId,
  account_id: of.accountId,
  status: 'queued',
  pack: 'emoji-world',
  prompt: 'a bear',
  reward: { name: 'count', counts: { bear: 1 } },
  search: 'rbf',
  seed: 1,
  nfe_budget: of.nfe,
  micro_usd_per_nfe: PRICE,
  price_list: '2026-01',
  key_id: KEY.id,
  created_at: of.at,
  fence: 0,
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
