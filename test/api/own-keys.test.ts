/** An account manages its own keys, and no key makes another one that may do more than itself. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { KeyView, NewKeyRequest } from '../../shared/contract/key.ts'
import { type Problem, problemSchema } from '../../shared/contract/problem.ts'
import { type Edge, startEdge } from './edge.ts'

interface Issued {
  readonly key_id: string
  readonly api_key: string
  readonly key: KeyView
}

const MANAGER = { name: 'Manager', scopes: ['account:read', 'account:write'] } satisfies Partial<NewKeyRequest>

describe("an account's own keys", () => {
  let edge: Edge
  before(async () => {
    edge = await startEdge()
  })
  after(() => edge.close())

  const call = async <Answer>(method: string, key: string, path: string, body?: object) => {
    const response = await edge.request(method, `/v1/keys${path}`, { key, ...(body && { body }) })
    const text = await response.text()
    return { status: response.status, json: (text === '' ? undefined : JSON.parse(text)) as Answer }
  }
  const issue = async (key: string, settings: object) => {
    const { status, json } = await call<Issued>('POST', key, '', { name: 'Test', ...settings })
    assert.equal(status, 201, JSON.stringify(json))
    return json
  }
  const refused = async (method: string, key: string, path: string, body?: object) => {
    const { status, json } = await call<Problem>(method, key, path, body)
    assert.equal(status, 403, JSON.stringify(json))
    return problemSchema.parse(json).errors?.map(({ pointer }) => pointer) ?? []
  }

  test('are issued, listed, changed, rotated and revoked with the account key', async () => {
    const { apiKey, keyId } = await edge.openAccount()
    const issued = await issue(apiKey, { scopes: ['generations:read'], nfe_per_day: 500 })
    const { json: list } = await call<{ data: KeyView[] }>('GET', apiKey, '')
    assert.deepEqual(
      list.data.map(({ id }) => id),
      [keyId, issued.key_id],
    )
    const path = `/${issued.key_id}`
    assert.equal((await call<KeyView>('PATCH', apiKey, path, { name: 'Renamed' })).json.name, 'Renamed')
    const rotated = (await call<Issued>('POST', apiKey, `${path}/rotate`, { overlap_seconds: 0 })).json
    const opens = async (key: string) => (await edge.request('GET', '/v1/generations', { key })).status
    assert.deepEqual([await opens(issued.api_key), await opens(rotated.api_key)], [401, 200])
    assert.equal((await call('DELETE', apiKey, path)).status, 204)
    assert.equal(await opens(rotated.api_key), 401)
  })

  test('of another account are out of reach', async () => {
    const [mine, other] = [await edge.openAccount(), await edge.openAccount()]
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'Mine' }],
      ['POST', '/rotate', {}],
      ['DELETE', '', undefined],
    ] as const)
      assert.equal((await call(method, mine.apiKey, `/${other.keyId}${path}`, body)).status, 404)
    assert.equal((await edge.request('GET', '/v1/account', { key: other.apiKey })).status, 200)
  })

  test('never get a scope, a pack, a cap or a life that the asking key lacks', async () => {
    const { apiKey } = await edge.openAccount()
    const limits = { nfe_per_request: 100, packs: ['emoji-world'], expires_at: '2100-01-01T00:00:00Z' }
    const { api_key: manager, key_id } = await issue(apiKey, { ...MANAGER, ...limits })
    const wide = { scopes: ['account:read', 'generations:write'], name: 'Wide' }
    assert.deepEqual(await refused('POST', manager, '', wide), [
      '/scopes/1',
      '/nfe_per_request',
      '/expires_at',
      '/packs',
    ])
    const within = { scopes: ['account:read'], ...limits }
    const { key_id: made } = await issue(manager, within)
    assert.deepEqual(await refused('PATCH', manager, `/${made}`, { nfe_per_request: 101 }), ['/nfe_per_request'])
    assert.deepEqual(await refused('PATCH', manager, `/${key_id}`, { packs: null }), ['/packs'])
    assert.equal((await call('PATCH', manager, `/${key_id}`, { nfe_per_request: 50 })).status, 200)
    // Narrower now, it has no say over what it made when it was wider.
    assert.deepEqual(await refused('PATCH', manager, `/${made}`, { name: 'Same' }), ['/nfe_per_request'])
  })

  test('that may do more are not rotated by the narrower: its secret would be the wider one', async () => {
    const { apiKey, keyId } = await edge.openAccount()
    const { api_key: manager } = await issue(apiKey, MANAGER)
    assert.ok((await refused('POST', manager, `/${keyId}/rotate`, {})).length > 0)
    assert.ok((await refused('PATCH', manager, `/${keyId}`, { name: 'Mine' })).length > 0)
    // But closed, yes: whoever sees a leak can stop it.
    assert.equal((await call('DELETE', manager, `/${keyId}`)).status, 204)
  })

  test('with a cap for a day or a month cannot multiply', async () => {
    const { apiKey } = await edge.openAccount()
    const settings = { ...MANAGER, nfe_per_month: 1000 }
    const [capped, twin] = [await issue(apiKey, settings), await issue(apiKey, settings)]
    await refused('POST', capped.api_key, '', settings)
    await refused('POST', capped.api_key, `/${twin.key_id}/rotate`, {})
    assert.equal((await call('POST', capped.api_key, `/${capped.key_id}/rotate`, {})).status, 200)
  })
})
