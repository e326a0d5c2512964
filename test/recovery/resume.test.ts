/** A search that is cut off at any moment goes on elsewhere, and comes to the same images, trace and bill. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import { SEARCH_NAMES } from '../../shared/contract/search-names.ts'
import { TRACE_CONTENT_TYPE, traceLineSchema } from '../../shared/contract/trace.ts'
import { type GenerationItem, getGeneration } from '../../shared/stores/generations.ts'
import { getObject } from '../../shared/stores/outputs.ts'
import { type Edge, startEdge, type TestAccount } from '../api/edge.ts'
import { createRunner, type RunnerOptions } from '../api/work.ts'

const LEASE_MS = 30_000
const NFE = 60
const EVERY = { ms: Number.POSITIVE_INFINITY, nfe: 7 }

const PACE_MS = 4
/** A write that was under way when the runner froze. */
const SETTLE_MS = 60

type Named = { accountId: string; generationId: string }

describe('an interrupted search', () => {
  let edge: Edge
  let now = Date.parse('2026-01-01T00:00:00Z')
  let account: TestAccount
  before(async () => {
    edge = await startEdge(() => now)
    account = await edge.openAccount(100_000_000)
  })
  after(() => edge.close())

  const create = async (search: string, seed: number): Promise<Named> => {
    const body = { prompt: 'seven balloons and four bears', nfe_budget: NFE, search, seed }
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    const generation = (await response.json()) as { id: string }
    assert.equal(response.status, 202, JSON.stringify(generation))
    return { accountId: account.id, generationId: generation.id }
  }
  const runner = (options: RunnerOptions = {}) =>
    createRunner(edge, { now: () => now, leaseMs: LEASE_MS, checkpointEvery: EVERY, ...options })
  const itemOf = async (named: Named): Promise<GenerationItem> => {
    const item = await getGeneration(edge.api.table, named)
    assert.ok(item)
    return item
  }
  const outcomeOf = async (named: Named) => {
    const { status, stop_reason, nfe_used, result, outputs, trace } = await itemOf(named)
    const images = outputs?.map(({ sha256, reward }) => ({ sha256, reward }))
    return { status, stop_reason, nfe_used, result, images, trace: trace?.sha256, lines: trace?.lines }
  }
  const spent = async () => (await edge.account(account.apiKey))['spent_micro_usd'] ?? 0

  const asleep: (() => Promise<unknown>)[] = []
  // A test that failed would otherwise leave timers, and never end.
  afterEach(() => Promise.all(asleep.splice(0).map((wake) => wake())))

  /** The runner stops dead before an evaluation, as one whose machine has frozen. @returns what thaws it. */
  const freeze = async (named: Named, atCall: number) => {
    const frozen = Promise.withResolvers<void>()
    const thaw = Promise.withResolvers<void>()
    const beforeEvaluation = async (calls: number) => {
      // A network takes its time; writes beside it get on.
      if (calls !== atCall) return sleep(PACE_MS)
      frozen.resolve()
      await thaw.promise
    }
    const dead = runner({ beforeEvaluation })
    const working = dead.work(named)
    await Promise.race([frozen.promise, working])
    await sleep(SETTLE_MS)
    now += LEASE_MS + 1
    const wake = () => {
      thaw.resolve()
      return working
    }
    asleep.push(wake)
    return { nfe: dead.nfe(), thaw: wake }
  }

  for (const search of SEARCH_NAMES)
    test(`${search}: lost leases at random moments change neither image, trace nor bill`, async () => {
      const whole = await create(search, 5)
      await runner().work(whole)
      const expected = await outcomeOf(whole)
      assert.equal(expected.status, 'succeeded')
      const price = await spent()
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(20), { minLength: 1, maxLength: 2 }), async (moments) => {
          const before = await spent()
          const named = await create(search, 5)
          const dead = []
          for (const moment of moments) dead.push(await freeze(named, moment))
          await runner().work(named)
          assert.deepEqual(await outcomeOf(named), expected)
          // Those that were taken for dead wake up and write: none of it counts.
          for (const { thaw } of dead) await thaw()
          assert.deepEqual(await outcomeOf(named), expected)
          assert.equal((await spent()) - before, expected.nfe_used === undefined ? 0 : expected.nfe_used * 20)
        }),
        { numRuns: 3, seed: 8 },
      )
      assert.ok(price > 0)
    })

  test('evaluates again only what came after its last checkpoint', async () => {
    const named = await create('rbf', 6)
    const first = await freeze(named, 30)
    const { resume } = await itemOf(named)
    assert.ok(resume !== undefined && first.nfe - resume.nfe_used < 20, JSON.stringify(resume))
    const second = runner()
    await second.work(named)
    const { nfe_used } = await itemOf(named)
    assert.equal(second.nfe(), (nfe_used ?? 0) - resume.nfe_used)
    await first.thaw()
  })

  test('stores where it stands by time too, however few its evaluations', async () => {
    const named = await create('rbf', 6)
    let stored: number | undefined
    const slow = runner({
      checkpointEvery: { ms: 2000, nfe: Number.POSITIVE_INFINITY },
      beforeEvaluation: async (calls) => {
        // The whole search within a lease: nothing renews it by this clock.
        now += LEASE_MS / 100
        await sleep(PACE_MS)
        // It is stored beside the search: given some time on a busy machine.
        for (let looks = 0; calls === 20 && stored === undefined && looks < 500; looks++) {
          stored = (await itemOf(named)).resume?.nfe_used
          await sleep(PACE_MS)
        }
      },
    })
    await slow.work(named)
    assert.equal((await itemOf(named)).status, 'succeeded')
    assert.ok(stored !== undefined && stored >= 5 && stored < slow.nfe(), `${stored}`)
  })

  test('handed back on SIGTERM goes on exactly where it stopped, and nothing is evaluated twice', async () => {
    const whole = await create('rbf', 9)
    await runner().work(whole)
    const named = await create('rbf', 9)
    const stopping = new AbortController()
    const stopped = runner({
      stopping: stopping.signal,
      checkpointEvery: { ms: Number.POSITIVE_INFINITY, nfe: Number.POSITIVE_INFINITY },
      beforeEvaluation: async (calls) => {
        if (calls === 17) stopping.abort()
      },
    })
    assert.deepEqual(await stopped.work(named), { kind: 'return', afterSeconds: 0 })
    const handedBack = await itemOf(named)
    assert.deepEqual([handedBack.status, handedBack.resume?.nfe_used], ['queued', stopped.nfe()])
    const next = runner()
    await next.work(named)
    assert.deepEqual(await outcomeOf(named), await outcomeOf(whole))
    assert.equal(stopped.nfe() + next.nfe(), (await itemOf(named)).nfe_used)
  })

  test('whose checkpoint is gone begins anew, and is charged once all the same', async () => {
    const whole = await create('rbf', 3)
    await runner().work(whole)
    const named = await create('rbf', 3)
    const first = await freeze(named, 25)
    const { resume } = await itemOf(named)
    assert.ok(resume)
    const { client, name } = edge.api.bucket
    await client.send(new DeleteObjectCommand({ Bucket: name, Key: resume.key }))
    await runner().work(named)
    assert.deepEqual(await outcomeOf(named), await outcomeOf(whole))
    await first.thaw()
  })

  test('ends with a trace whose last line is what was charged', async () => {
    const named = await create('rbf', 12)
    const first = await freeze(named, 21)
    await runner().work(named)
    await first.thaw()
    const { trace, nfe_used } = await itemOf(named)
    assert.ok(trace)
    const text = Buffer.from(await getObject(edge.api.bucket, trace.key)).toString()
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => traceLineSchema.parse(JSON.parse(line)))
    assert.equal(TRACE_CONTENT_TYPE.length > 0 && lines.at(-1)?.nfe, nfe_used)
    assert.equal(lines.length, trace.lines)
  })

  test('that fails again and again without getting on is failed and refunded; getting on begins the count anew', async () => {
    const { balance_micro_usd: balance } = await edge.account(account.apiKey)
    const named = await create('rbf', 1)
    const failing = runner({ beforeEvaluation: () => Promise.reject(new Error('the network is broken')) })
    for (const kind of ['return', 'return', 'delete']) assert.equal((await failing.work(named)).kind, kind)
    const { status, error, nfe_used } = await itemOf(named)
    assert.deepEqual([status, error?.code, nfe_used], ['failed', 'search_failed', 0])
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], balance)

    const unlucky = await create('rbf', 1)
    for (let moment = 0; moment < 6; moment++) await freeze(unlucky, 9)
    await runner().work(unlucky)
    assert.equal((await itemOf(unlucky)).status, 'succeeded')
  })

  test('is not asked for by copies of its message: those of one at work or at its end are gone at first sight', async () => {
    const named = await create('rbf', 4)
    const first = await freeze(named, 10)
    now -= LEASE_MS
    assert.deepEqual(await runner().work(named, 1), { kind: 'delete' })
    assert.equal((await runner().work(named, 2)).kind, 'return')
    await first.thaw()
    const ended = await itemOf(named)
    assert.equal(ended.status, 'succeeded')
    const { balance_micro_usd: balance } = await edge.account(account.apiKey)
    assert.deepEqual(await runner().work(named), { kind: 'delete' })
    assert.deepEqual(await itemOf(named), ended)
    assert.equal((await edge.account(account.apiKey))['balance_micro_usd'], balance)
  })

  test('whose message three runners get at once is worked on by one, and what is charged is what was evaluated', async () => {
    const before = await spent()
    let evaluated = 0
    for (let seed = 0; seed < 8; seed++) {
      const named = await create('rbf', seed)
      const runners = [runner(), runner(), runner()]
      await Promise.all(runners.map((each) => each.work(named, 2)))
      const worked = runners.filter((each) => each.nfe() > 0)
      assert.equal(worked.length, 1)
      const item = await itemOf(named)
      assert.deepEqual([item.status, item.fence, item.nfe_used], ['succeeded', 1, worked[0]?.nfe()])
      evaluated += worked[0]?.nfe() ?? 0
    }
    assert.equal((await spent()) - before, evaluated * 20)
  })

  test('that takes its process along each time is given up at the next lease, without another try', async () => {
    const named = await create('rbf', 2)
    for (let tries = 0; tries < 3; tries++) await freeze(named, 0)
    const last = runner()
    assert.deepEqual(await last.work(named), { kind: 'delete' })
    assert.equal(last.nfe(), 0)
    assert.equal((await itemOf(named)).status, 'failed')
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })
})
