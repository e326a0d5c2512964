/** Extending: a finished search goes on where it ended, with its own hold and bill, and never gets worse. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CopyObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { createApi } from '../../functions/api/app.ts'
import type { Api } from '../../functions/api/route.ts'
import { auditService } from '../../functions/reconcile/audit.ts'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { stopAfter } from './stop-after.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 4 }
const PRICE = 20
const CREDIT = 100_000

describe('an extension', () => {
  let edge: Edge
  let account: TestAccount
  /** Moves the clock beyond what the wall clock has moved. */
  let ahead = 0
  const now = () => Date.now() + ahead
  before(async () => {
    edge = await startEdge(now)
  })
  after(() => edge.close())

  const post = (path: string, body: object) => edge.request('POST', path, { key: account.apiKey, body })
  const create = async (terms: object = {}): Promise<Generation> =>
    generationSchema.parse(await (await post('/v1/generations', { ...BODY, ...terms })).json())
  const extend = (id: string, body: object) => post(`/v1/generations/${id}/extend`, body)
  const work = async ({ id }: Generation): Promise<Generation> => {
    await createRunner(edge).work({ accountId: account.id, generationId: id })
    return get(id)
  }
  const get = async (id: string): Promise<Generation> =>
    generationSchema.parse(await (await edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })).json())
  const remove = (id: string) => edge.request('DELETE', `/v1/generations/${id}`, { key: account.apiKey })
  const objectsOf = async (part: string): Promise<string[]> => {
    const { Contents = [] } = await edge.api.bucket.client.send(
      new ListObjectsV2Command({ Bucket: edge.api.bucket.name }),
    )
    return Contents.flatMap(({ Key = '' }) => (Key.includes(part) ? [Key] : []))
  }
  const extended = async (id: string, body: object): Promise<Generation> => {
    const response = await extend(id, body)
    assert.equal(response.status, 202, await response.clone().text())
    return generationSchema.parse(await response.json())
  }
  const candidatesOf = async ({ id }: Generation) => {
    const redirect = await edge.request('GET', `/v1/generations/${id}/trace`, { key: account.apiKey })
    const text = await (await fetch(redirect.headers.get('location') ?? '')).text()
    return text
      .trimEnd()
      .split('\n')
      .map((line) => traceLineSchema.parse(JSON.parse(line)))
  }

  for (const search of ['rbf', 'best-of-n'])
    test(`of ${search} spends its own NFEs, evaluates nothing twice and is never worse`, async () => {
      account = await edge.openAccount(CREDIT)
      const first = await work(await create({ search }))
      assert.equal(first.extendable, true)
      const accepted = await extended(first.id, { nfe_budget: 30 })
      assert.deepEqual([accepted.extends, accepted.usage.nfe_held, accepted.seed], [first.id, 30, first.seed])
      const second = await work(accepted)
      assert.deepEqual([second.status, second.stop_reason, second.usage.nfe_used], ['succeeded', 'budget', 30])
      assert.ok((second.result?.reward ?? -Infinity) >= (first.result?.reward ?? 0))
      const third = await work(await extended(second.id, { nfe_budget: 20 }))
      assert.ok((third.result?.reward ?? -Infinity) >= (second.result?.reward ?? 0))

      const traces = await Promise.all([first, second, third].map(candidatesOf))
      assert.deepEqual(
        traces.map((lines) => lines.at(-1)?.nfe),
        [40, 30, 20],
      )
      const places = traces.flat().map(({ lane, step, candidate, t }) => [lane, step, candidate, t].join())
      assert.equal(new Set(places).size, places.length)
      const { balance_micro_usd: balance, spent_micro_usd: spent } = await edge.account(account.apiKey)
      assert.deepEqual([balance, spent], [CREDIT - 90 * PRICE, 90 * PRICE])
    })

  test('of the same search by the same NFEs gives the same image and receipt', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    const [one, other] = [
      await work(await extended(first.id, { nfe_budget: 25 })),
      await work(await extended(first.id, { nfe_budget: 25 })),
    ]
    assert.equal(one.outputs[0]?.sha256, other.outputs[0]?.sha256)
    assert.equal(one.usage.receipt_sha256, other.usage.receipt_sha256)
  })

  /** Canceled, or out of time, after so many evaluations. */
  const interrupt = async (stop: 'canceled' | 'deadline', calls: number): Promise<Generation> => {
    const made = await create(stop === 'deadline' ? { deadline_seconds: 20 } : {})
    let late = 0
    const runner = createRunner(edge, {
      now: () => edge.api.now() + late,
      beforeEvaluation: async (at) => {
        if (at !== calls) return
        if (stop === 'deadline') late = 20_000
        else {
          await post(`/v1/generations/${made.id}/cancel`, {})
          await new Promise((resolve) => setTimeout(resolve, 800))
        }
      },
    })
    await runner.work({ accountId: account.id, generationId: made.id })
    return get(made.id)
  }

  for (const stop of ['canceled', 'deadline'] as const)
    test(`of a search that was stopped (${stop}), by what it had left, comes to the image of one that never stopped`, async () => {
      account = await edge.openAccount(CREDIT)
      const whole = await work(await create())
      const first = await interrupt(stop, 12)
      assert.deepEqual([first.stop_reason, first.extendable], [stop, true])
      assert.ok(first.usage.nfe_used < 40)
      const second = await work(await extended(first.id, { nfe_budget: 40 - first.usage.nfe_used }))
      assert.deepEqual([second.status, second.stop_reason], ['succeeded', 'budget'])
      assert.equal(second.outputs[0]?.sha256, whole.outputs[0]?.sha256)
      const rewards = (await Promise.all([first, second].map(candidatesOf))).flat().map(({ reward }) => reward)
      assert.deepEqual(
        rewards,
        (await candidatesOf(whole)).map(({ reward }) => reward),
      )
    })

  test('of a search that met its target goes on without it, or to a higher one, and not to one it has reached', async () => {
    account = await edge.openAccount(CREDIT)
    const whole = await work(await create())
    const first = await work(await create({ target_reward: -1e6 }))
    assert.equal(first.stop_reason, 'target_reward')
    const reached = first.result?.reward ?? 0
    const refused = await extend(first.id, { nfe_budget: 10, target_reward: reached })
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /\/target_reward/)
    const second = await work(await extended(first.id, { nfe_budget: 40 - first.usage.nfe_used }))
    assert.equal(second.outputs[0]?.sha256, whole.outputs[0]?.sha256)
    const higher = await work(await extended(first.id, { nfe_budget: 40, target_reward: 1 }))
    assert.deepEqual([higher.target_reward, higher.stop_reason, higher.usage.nfe_used], [1, 'budget', 40])
  })

  test('of a search that goes on with several evaluations at once is refused fewer', async () => {
    account = await edge.openAccount(CREDIT)
    const made = await create({ search: 'best-of-n', nfe_budget: 160, target_reward: -1e6 })
    const first = await work(made)
    assert.equal(first.usage.nfe_used, 80)
    const refused = await extend(first.id, { nfe_budget: 3 })
    assert.equal(refused.status, 422)
    assert.match(await refused.text(), /\/nfe_budget: the search goes on with 4 NFEs at once/)
    const second = await work(await extended(first.id, { nfe_budget: 4 }))
    assert.deepEqual([second.stop_reason, second.usage.nfe_used], ['budget', 4])
  })

  for (const gone of ['deleted', 'expired'] as const)
    test(`that waits is not hurt when the search it extends is ${gone}, and leaves nothing when it is deleted itself`, async () => {
      account = await edge.openAccount(CREDIT)
      const first = await work(await create({ retention_seconds: 3600 }))
      const waiting = await extended(first.id, { nfe_budget: 30 })
      if (gone === 'deleted') assert.equal((await remove(first.id)).status, 204)
      else assert.equal((await reconcile({ ...edge.api, now: () => now() + 3_700_000 })).deleted, 1)
      assert.equal((await edge.request('GET', `/v1/generations/${first.id}`, { key: account.apiKey })).status, 404)
      assert.deepEqual(await objectsOf(first.id), [])
      assert.deepEqual((await auditService(edge.api)).differences, [])
      const second = await work(waiting)
      assert.deepEqual([second.status, second.usage.nfe_used], ['succeeded', 30])
      assert.ok((second.result?.reward ?? -Infinity) >= (first.result?.reward ?? 0))
      assert.equal((await remove(second.id)).status, 204)
      assert.deepEqual(await objectsOf(second.id), [])
    })

  test('is not accepted, and holds nothing, when the search is deleted while it is asked for', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    const client = new Proxy(edge.api.bucket.client, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (name !== 'send' || typeof member !== 'function') return member
        return async (command: unknown) => {
          if (command instanceof CopyObjectCommand) assert.equal((await remove(first.id)).status, 204)
          return member.call(target, command)
        }
      },
    })
    const racing = createApi({ ...edge.api, bucket: { ...edge.api.bucket, client } })
    const headers = { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify({ nfe_budget: 10 }) }
    const response = await racing.request(`/v1/generations/${first.id}/extend`, init)
    assert.equal(response.status, 404, await response.clone().text())
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })

  test('whose edge died after it had copied the state is made by the next try, or given up and swept', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    // The rate's count, the claim, the hold: the copy is no write of the table, the generation would be the next.
    const dying = () => createApi(stopAfter(edge.api, 3))
    const extendAs = (app: Api, key: string) => {
      const authorization = `Bearer ${account.apiKey}`
      const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key }
      const init = { method: 'POST', headers, body: JSON.stringify({ nfe_budget: 10 }) }
      return app.request(`/v1/generations/${first.id}/extend`, init)
    }
    const copies = async () => (await objectsOf('/0.bin')).length
    const copied = await copies()
    assert.equal((await extendAs(dying(), 'once')).status, 500)
    ahead += 31_000
    const made = await extendAs(createApi(edge.api), 'once')
    assert.equal(made.status, 202)
    assert.equal((await work(generationSchema.parse(await made.json()))).status, 'succeeded')
    assert.equal((await extendAs(dying(), 'never')).status, 500)
    assert.equal(await copies(), copied + 2)
    ahead += 61_000
    assert.equal((await reconcile({ ...edge.api, now })).holdsReleased, 1)
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
    await reconcile({ ...edge.api, now: () => now() + 3_600_000 })
    assert.equal(await copies(), copied + 1)
  })

  test('is refused while the search runs, and after one that evaluated nothing, and holds nothing then', async () => {
    account = await edge.openAccount(CREDIT)
    const waiting = await create()
    assert.equal((await extend(waiting.id, { nfe_budget: 10 })).status, 409)
    await post(`/v1/generations/${waiting.id}/cancel`, {})
    const refused = await extend(waiting.id, { nfe_budget: 10 })
    assert.equal(refused.status, 409)
    assert.equal(((await refused.json()) as { code: string }).code, 'not_extendable')
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })

  test('takes only what may be said anew, and only from its own account', async () => {
    account = await edge.openAccount(CREDIT)
    const first = await work(await create())
    assert.equal((await extend(first.id, { nfe_budget: 10, prompt: 'four bears' })).status, 422)
    assert.equal((await extend(first.id, { nfe_budget: 0 })).status, 422)
    assert.equal((await extend(first.id, { nfe_budget: 1_000_000 })).status, 422)
    account = await edge.openAccount(CREDIT)
    assert.equal((await extend(first.id, { nfe_budget: 10 })).status, 404)
  })
})
