/** Outputs have stable links, and a generation is gone when it is deleted or its retention ends, while its bill stays. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { GetCommand } from '@aws-sdk/lib-dynamodb'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { type Generation, generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { completeGeneration } from '../../shared/stores/complete-generation.ts'
import { deleteGeneration } from '../../shared/stores/delete-generation.ts'
import { finishGeneration, getGeneration, leaseGeneration } from '../../shared/stores/generations.ts'
import { putObject } from '../../shared/stores/outputs.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 4, metadata: { mine: 'secret-plan' } }
const DAY_MS = 86_400_000

describe('an ended generation', () => {
  let edge: Edge
  let ahead = 0
  const now = () => Date.now() + ahead
  before(async () => {
    edge = await startEdge(now)
  })
  after(() => edge.close())

  const make = async (account: TestAccount, body: object = BODY) => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    return { accountId: account.id, generationId: generationSchema.parse(await response.json()).id }
  }
  const end = async (account: TestAccount, body: object = BODY) => {
    const named = await make(account, body)
    await createRunner(edge, { now }).work(named)
    return named
  }
  const get = (account: TestAccount, id: string) =>
    edge.request('GET', `/v1/generations/${id}`, { key: account.apiKey })
  const view = async (account: TestAccount, id: string): Promise<Generation> =>
    generationSchema.parse(await (await get(account, id)).json())
  const remove = (account: TestAccount, id: string) =>
    edge.request('DELETE', `/v1/generations/${id}`, { key: account.apiKey })
  const objectsOf = async (id: string): Promise<string[]> => {
    const { Contents = [] } = await edge.api.bucket.client.send(
      new ListObjectsV2Command({ Bucket: edge.api.bucket.name }),
    )
    return Contents.flatMap(({ Key = '' }) => (Key.includes(id) ? [Key] : []))
  }
  const itemOf = async ({ accountId, generationId }: { accountId: string; generationId: string }) => {
    const Key = { pk: `ACCOUNT#${accountId}`, sk: `GENERATION#${generationId}` }
    const { Item } = await edge.api.table.client.send(new GetCommand({ TableName: edge.api.table.name, Key }))
    return Item ?? {}
  }
  const sweep = () => reconcile({ ...edge.api, now })

  test('has a link to each output that redirects to the image, and says when it is deleted', async () => {
    const account = await edge.openAccount()
    const { generationId: id } = await end(account)
    const generation = await view(account, id)
    const [output] = generation.outputs
    assert.ok(output)
    assert.equal(new URL(output.link).pathname, `/v1/generations/${id}/outputs/0`)
    const kept = Date.parse(generation.expires_at ?? '') - Date.parse(generation.finished_at ?? '')
    assert.equal(kept, 30 * DAY_MS)
    for (let at = 0; at < 2; at++) {
      const redirect = await edge.request('GET', new URL(output.link).pathname, { key: account.apiKey })
      assert.equal(redirect.status, 302)
      assert.equal(redirect.headers.get('cache-control'), 'no-store')
      const image = await fetch(redirect.headers.get('location') ?? '')
      assert.equal(image.status, 200)
      assert.equal((await image.arrayBuffer()).byteLength, output.bytes)
    }
  })

  test('has no output beyond its last, and none for another account', async () => {
    const [account, other] = [await edge.openAccount(), await edge.openAccount()]
    const { generationId: id } = await end(account)
    const path = `/v1/generations/${id}/outputs`
    assert.equal((await edge.request('GET', `${path}/1`, { key: account.apiKey })).status, 404)
    assert.equal((await edge.request('GET', `${path}/0`, { key: other.apiKey })).status, 404)
    assert.equal((await edge.request('GET', `${path}/first`, { key: account.apiKey })).status, 422)
    assert.equal((await remove(other, id)).status, 404)
    assert.equal((await get(account, id)).status, 200)
  })

  test('is gone once deleted: its images, its trace and what was asked; its bill stays', async () => {
    const account = await edge.openAccount()
    const named = await end(account)
    const [output] = (await view(account, named.generationId)).outputs
    assert.ok((await objectsOf(named.generationId)).length >= 2)
    const before_ = await edge.account(account.apiKey)
    assert.equal((await remove(account, named.generationId)).status, 204)
    assert.equal((await get(account, named.generationId)).status, 404)
    assert.equal((await edge.request('GET', new URL(output?.link ?? '').pathname, { key: account.apiKey })).status, 404)
    assert.equal((await remove(account, named.generationId)).status, 404)
    assert.equal((await fetch(output?.url ?? '')).status, 404)
    assert.deepEqual(await objectsOf(named.generationId), [])
    const left = await itemOf(named)
    assert.ok(!JSON.stringify(left).includes('balloon') && !JSON.stringify(left).includes('secret-plan'))
    assert.deepEqual([left['nfe_used'], left['duePk']], [40, undefined])
    assert.deepEqual(await edge.account(account.apiKey), before_)
    const page = await (await edge.request('GET', '/v1/generations', { key: account.apiKey })).json()
    assert.deepEqual((page as { data: unknown[] }).data, [])
  })

  test('that is still open is not deleted', async () => {
    const account = await edge.openAccount()
    const { generationId: id } = await make(account)
    const response = await remove(account, id)
    assert.equal(response.status, 409)
    assert.equal(problemSchema.parse(await response.json()).code, 'not_ended')
    assert.equal((await get(account, id)).status, 200)
  })

  test('is settled and announced before it is deleted, when its runner died in between', async () => {
    const account = await edge.openAccount(10_000)
    const named = await make(account, { ...BODY, webhook_url: 'http://127.0.0.1:9/hook' })
    const leased = await leaseGeneration(edge.api.table, { ...named, now: now(), leaseMs: 30_000 })
    assert.equal(leased.kind, 'leased')
    const ending = { status: 'failed', nfe_used: 0, error: { code: 'x', detail: 'x' } } as const
    await finishGeneration(edge.api.table, { ...named, fence: 1, ending, now: now(), reviewAt: now() + 60_000 })
    assert.equal(await deleteGeneration({ ...edge.api, now }, named), false)
    assert.equal((await remove(account, named.generationId)).status, 204)
    assert.equal((await edge.account(account.apiKey))['held_micro_usd'], 0)
  })

  test('whose deletion stopped half way is finished by the sweep', async () => {
    const account = await edge.openAccount()
    const named = await end(account)
    const failing = new Proxy(edge.api.bucket.client, {
      get: (target, name) => (name === 'send' ? () => Promise.reject(new Error('stopped')) : Reflect.get(target, name)),
    })
    const bucket = { ...edge.api.bucket, client: failing }
    await assert.rejects(deleteGeneration({ ...edge.api, bucket, now }, named), /stopped/)
    assert.equal((await get(account, named.generationId)).status, 404)
    assert.ok((await objectsOf(named.generationId)).length > 0)
    assert.equal((await sweep()).deleted, 1)
    assert.deepEqual(await objectsOf(named.generationId), [])
    assert.equal((await sweep()).deleted, 0)
  })

  test('is gone at the second its retention ends, and swept after it, with the images of lost attempts', async () => {
    const account = await edge.openAccount()
    const named = await end(account, { ...BODY, retention_seconds: 3600 })
    const lost = `outputs/${named.accountId}/${named.generationId}/0-0.png`
    await putObject(edge.api.bucket, { key: lost, bytes: new Uint8Array(3), contentType: 'image/png' })
    const ended = await getGeneration(edge.api.table, named)
    assert.ok(ended)
    ahead += 3_590_000
    assert.equal((await sweep()).deleted, 0)
    assert.equal((await get(account, named.generationId)).status, 200)
    ahead += 11_000
    assert.equal((await get(account, named.generationId)).status, 404)
    assert.equal((await sweep()).deleted, 1)
    assert.deepEqual(await objectsOf(named.generationId), [])
    // A message that comes late brings nothing back.
    await completeGeneration(edge.api, ended)
    assert.equal((await createRunner(edge, { now }).work(named)).kind, 'delete')
    assert.equal((await sweep()).deleted, 0)
  })

  for (const seconds of [59, 31_536_001, 1.5])
    test(`cannot be kept for ${seconds} seconds`, async () => {
      const account = await edge.openAccount()
      const body = { ...BODY, retention_seconds: seconds }
      assert.equal((await edge.request('POST', '/v1/generations', { key: account.apiKey, body })).status, 422)
    })
})
