/** Every route of the document, asked with another account's ids, knows nothing of them; a new route cannot be forgotten. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { listDeliveries } from '../../shared/stores/delivery-log.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

interface Operation {
  readonly security?: readonly Record<string, unknown>[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> }
}
interface Asked {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly type: string | undefined
}

/** What a path with a parameter is about, and whether an account owns it. Its parameters are then filled in. */
const OWNED = ['/v1/generations/', '/v1/batches/', '/v1/keys/', '/v1/webhook-endpoints/', '/v1/webhook-deliveries/']
const EVERYBODYS = ['/v1/account/statements/', '/v1/account/invoices/']

const BODIES: Readonly<Record<string, unknown>> = {
  '/v1/generations/{id}/extend': { nfe_budget: 20 },
  '/v1/keys/{key_id}': { name: 'taken' },
  '/v1/keys/{key_id}/rotate': {},
  '/v1/webhook-endpoints/{id}': { description: 'taken' },
  '/v1/webhook-endpoints/{id}/rotate': {},
  '/v1/webhook-endpoints/{id}/recover': { since: '2020-01-01T00:00:00Z' },
}

describe("another account's", () => {
  let edge: Edge
  let owner: TestAccount
  let stranger: TestAccount
  let ids: Record<string, string>
  let operations: (Operation & { method: string; path: string })[]
  before(async () => {
    edge = await startEdge()
    owner = await edge.openAccount()
    stranger = await edge.openAccount()
    const post = async (path: string, body: unknown, headers: object = {}) => {
      const response = await edge.request('POST', path, { key: owner.apiKey, body, headers })
      assert.ok(response.ok, `${path}: ${response.status}`)
      return ((await response.json()) as { id: string }).id
    }
    const endpoint = await post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/hook' })
    const generation = await post('/v1/generations', {
      prompt: 'two bears',
      nfe_budget: 20,
      metadata: { whose: 'owner' },
    })
    await createRunner(edge).work({ accountId: owner.id, generationId: generation })
    const line = JSON.stringify({ prompt: 'two apples', nfe_budget: 20 })
    const batch = await post('/v1/batches', line, { 'content-type': 'application/x-ndjson' })
    const { deliveries } = await listDeliveries(edge.api.table, { accountId: owner.id, filter: {}, limit: 1 })
    ids = {
      '/v1/generations/': generation,
      '/v1/batches/': batch,
      '/v1/keys/': owner.keyId,
      '/v1/webhook-endpoints/': endpoint,
      '/v1/webhook-deliveries/': deliveries[0]?.id ?? assert.fail('no delivery'),
    }
    const { paths } = (await (await edge.request('GET', '/openapi.json')).json()) as {
      paths: Record<string, Record<string, Operation>>
    }
    operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
    )
  })
  after(() => edge.close())

  const behindKeys = () => operations.filter(({ security = [] }) => security.some((each) => 'apiKey' in each))
  const owned = (): Asked[] =>
    behindKeys().flatMap(({ method, path, requestBody }) => {
      const root = OWNED.find((each) => path.startsWith(each))
      if (root === undefined) return []
      const filled = path.replace('{n}', '0').replace(/\{\w+\}/, ids[root] ?? '')
      assert.doesNotMatch(filled, /[{}]/, `${path} has a parameter that this test does not fill`)
      const [type] = Object.keys(requestBody?.content ?? {})
      if (type !== undefined) assert.ok(path in BODIES, `say in BODIES what ${method} ${path} takes`)
      return [{ method, path: filled, type, body: type === undefined ? undefined : BODIES[path] }]
    })
  const ask = (account: TestAccount, { method, path, body, type }: Asked) =>
    edge.request(method, path, {
      key: account.apiKey,
      ...(body !== undefined && { body }),
      ...(type !== undefined && { headers: { 'content-type': type } }),
    })
  /** Links are made anew for each answer. */
  const stateOf = async (): Promise<string[]> => {
    const texts: string[] = []
    for (const asked of owned().filter(({ method, path }) => method === 'GET' && !/events|outputs|trace/.test(path)))
      texts.push((await (await ask(owner, asked)).text()).replace(/"(url|expires_at|last_used_at)":"[^"]*"/g, ''))
    return texts
  }

  test('things are all named here: a path with a parameter is owned, or everybody sees the same there', () => {
    const parametrised = behindKeys().filter(({ path }) => path.includes('{'))
    assert.ok(parametrised.length > 20)
    for (const { path } of parametrised)
      assert.ok(
        [...OWNED, ...EVERYBODYS].some((root) => path.startsWith(root)),
        `${path}: say in this test whose it is`,
      )
    for (const root of OWNED)
      assert.ok(
        parametrised.some(({ path }) => path.startsWith(root)),
        root,
      )
  })

  test('things answer 404 to every request that names them, and stay as they were', async () => {
    const before_ = await stateOf()
    assert.ok(before_.length >= 5 && before_.every((text) => text.includes('"object"') || text.includes('"line"')))
    const money = await edge.account(owner.apiKey)
    for (const asked of owned()) {
      const response = await ask(stranger, asked)
      const text = await response.text()
      assert.equal(response.status, 404, `${asked.method} ${asked.path}: ${text}`)
      assert.equal(JSON.parse(text).code, 'not_found')
    }
    assert.deepEqual(await stateOf(), before_)
    assert.deepEqual(await edge.account(owner.apiKey), money)
  })

  test('things are named in no list, nor reached by a cursor that names them', async () => {
    const mine = [owner.id, ...Object.values(ids)]
    const lists = behindKeys().filter(({ method, path }) => method === 'GET' && !path.includes('{'))
    assert.ok(lists.length > 5)
    for (const { path } of lists)
      for (const query of ['', ...mine.map((id) => `?cursor=${Buffer.from(id).toString('base64url')}`)]) {
        const response = await edge.request('GET', path + query, { key: stranger.apiKey })
        const text = await response.text()
        assert.ok(response.status < 500, `${path}${query}: ${text}`)
        for (const id of mine) assert.ok(!text.includes(id), `${path}${query} names ${id}`)
      }
  })

  test('generations cannot be shared', async () => {
    const body = { generations: [ids['/v1/generations/']] }
    const response = await edge.request('POST', '/v1/shares', { key: stranger.apiKey, body })
    assert.equal(response.status, 404, await response.text())
    assert.equal((await edge.request('POST', '/v1/shares', { key: owner.apiKey, body })).status, 201)
  })

  test('Idempotency-Key is another key', async () => {
    const body = { prompt: 'two bears', nfe_budget: 20 }
    const headers = { 'idempotency-key': 'the-same' }
    const created = await Promise.all(
      [owner, stranger].map(async ({ apiKey: key }) => edge.request('POST', '/v1/generations', { key, body, headers })),
    )
    assert.deepEqual(
      created.map(({ status }) => status),
      [202, 202],
    )
    const [first, second] = await Promise.all(created.map(async (each) => ((await each.json()) as { id: string }).id))
    assert.notEqual(first, second)
    assert.ok(created.every((each) => each.headers.get('idempotent-replayed') === null))
  })

  test("routes of the administration take no account's key, and no route is open that should not be", async () => {
    for (const { method, path, security = [] } of operations) {
      const filled = path.replaceAll(/\{\w+\}/g, owner.id)
      const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} }
      if (security.some((each) => 'adminKey' in each)) {
        const response = await edge.request(method, filled, { key: owner.apiKey, ...body })
        assert.equal(response.status, 401, `${method} ${path} with an account's key`)
      }
      if (security.length > 0) {
        const response = await edge.request(method, filled, body)
        assert.equal(response.status, 401, `${method} ${path} without a key`)
      } else if (path === '/v1/shared/{token}') assert.equal((await edge.request(method, filled)).status, 404)
      else assert.doesNotMatch(path, /^\/v1\//, `${method} ${path} needs no key`)
    }
  })
})
