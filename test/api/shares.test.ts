/** Shared links: what they show without a key, to whom, until when, and what they never show. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createApi } from '../../functions/api/app.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { sharedSchema, shareSchema } from '../../shared/contract/share.ts'
import { startCustomer } from './customer.ts'

const SECRET = 'do not tell'
const BODY = { prompt: 'two bears', nfe_budget: 20, metadata: { customer: SECRET } }

describe('a shared link', () => {
  const customer = startCustomer(BODY)
  const ended = async (search = 'rbf'): Promise<string> => {
    const { id } = await customer.create({ search, webhook_url: 'http://127.0.0.1:9/secret-hook' })
    await customer.work({ id })
    return id
  }
  const share = (
    generations: readonly string[],
    { key = customer.account.apiKey, ...terms }: Record<string, unknown> = {},
  ) => customer.edge.request('POST', '/v1/shares', { key: String(key), body: { generations, ...terms } })
  const shared = async (generations: readonly string[], terms = {}) => {
    const response = await share(generations, terms)
    assert.equal(response.status, 201)
    return shareSchema.parse(await response.json())
  }
  const open = (token: string) => customer.edge.request('GET', `/v1/shared/${token}`)
  const codeOf = async (response: Response) => {
    const { status, code } = problemSchema.parse(await response.json())
    return [status, code]
  }

  test('shows a comparison in its order to whoever has it, without a key', async () => {
    const ids = [await ended('best-of-n'), await ended('rbf')]
    const { url, token, expires_at } = await shared(ids)
    assert.equal(url, `${customer.edge.api.publicUrl}/#/shared/${token}`)
    const response = await open(token)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('x-robots-tag'), 'noindex')
    const view = sharedSchema.parse(await response.json())
    assert.equal(view.expires_at, expires_at)
    assert.deepEqual(
      view.generations.map(({ search, prompt, counts }) => [search, prompt, counts]),
      [
        ['best-of-n', 'two bears', { bear: 2 }],
        ['rbf', 'two bears', { bear: 2 }],
      ],
    )
    for (const { outputs, trace } of view.generations) {
      const image = await fetch(outputs[0]?.url ?? '')
      assert.equal((await image.arrayBuffer()).byteLength, outputs[0]?.bytes)
      assert.equal((await (await fetch(trace?.url ?? '')).arrayBuffer()).byteLength, trace?.bytes)
    }
  })

  test('tells nothing of the account: no ids, prices, keys, metadata or addresses', async () => {
    const id = await ended()
    const { token } = await shared([id])
    const text = await (await open(token)).text()
    const links = [...text.matchAll(/"url":"[^"]*"/g)].map(([link]) => link)
    const rest = links.reduce((left, link) => left.replace(link, ''), text)
    for (const secret of [customer.account.id, customer.account.keyId, id, SECRET, 'secret-hook', 'micro_usd', 'key'])
      assert.ok(!rest.includes(secret), secret)
    assert.ok(!Buffer.from(token, 'base64url').toString('latin1').includes(id), 'a token cannot be read')
  })

  test('opens nothing when a letter of it is changed, left out or added', async () => {
    const { token } = await shared([await ended()])
    for (const at of [0, 5, 20, token.length - 8, token.length - 1]) {
      const letter = token[at] === 'A' ? 'B' : 'A'
      const changed = `${token.slice(0, at)}${letter}${token.slice(at + 1)}`
      assert.deepEqual(await codeOf(await open(changed)), [404, 'invalid_share'], `letter ${at}`)
    }
    for (const other of [token.slice(0, -1), `${token}A`, `${token}==`, 'x', token.toUpperCase()])
      assert.deepEqual(await codeOf(await open(other)), [404, 'invalid_share'])
    const elsewhere = createApi({ ...customer.edge.api, keyPepper: 'a pepper of another deployment' })
    assert.deepEqual(await codeOf(await elsewhere.request(`/v1/shared/${token}`)), [404, 'invalid_share'])
  })

  test('ends at its time, and no link that it gave lives longer', async () => {
    const { token, expires_at } = await shared([await ended()], { expires_in_seconds: 60 })
    const at = (ms: number) => createApi({ ...customer.edge.api, now: () => Date.parse(expires_at) + ms })
    const before = sharedSchema.parse(await (await at(-1500).request(`/v1/shared/${token}`)).json())
    assert.ok(Date.parse(before.generations[0]?.outputs[0]?.expires_at ?? '') <= Date.parse(expires_at))
    assert.match(before.generations[0]?.outputs[0]?.url ?? '', /X-Amz-Expires=1&/)
    assert.deepEqual(await codeOf(await at(0).request(`/v1/shared/${token}`)), [410, 'share_expired'])
  })

  test('loses what is deleted, and ends with the last of it', async () => {
    const ids = [await ended(), await ended()]
    const { token } = await shared(ids)
    await customer.edge.request('DELETE', `/v1/generations/${ids[0]}`, { key: customer.account.apiKey })
    assert.equal(sharedSchema.parse(await (await open(token)).json()).generations.length, 1)
    await customer.edge.request('DELETE', `/v1/generations/${ids[1]}`, { key: customer.account.apiKey })
    assert.deepEqual(await codeOf(await open(token)), [410, 'share_expired'])
  })

  test("is made of one's own ended generations only, by a key that may", async () => {
    const id = await ended()
    const stranger = await customer.edge.openAccount()
    assert.deepEqual(await codeOf(await share([id], { key: stranger.apiKey })), [404, 'not_found'])
    assert.deepEqual(await codeOf(await share([(await customer.create()).id])), [409, 'not_ended'])
    assert.deepEqual(await codeOf(await share([])), [422, 'invalid_request'])
    assert.deepEqual(await codeOf(await share([id, id])), [422, 'invalid_request'])
    assert.deepEqual(await codeOf(await share([id], { expires_in_seconds: 31 * 86_400 })), [422, 'invalid_request'])
    const body = { name: 'writer', scopes: ['generations:write', 'generations:read'] }
    const issued = await customer.edge.request('POST', '/v1/keys', { key: customer.account.apiKey, body })
    const { api_key } = (await issued.json()) as { api_key: string }
    assert.deepEqual(await codeOf(await share([id], { key: api_key })), [403, 'forbidden'])
  })

  test('is the same when its request is sent again under its Idempotency-Key', async () => {
    const request = {
      key: customer.account.apiKey,
      body: { generations: [await ended()] },
      headers: { 'idempotency-key': 's' },
    }
    const first = await (await customer.edge.request('POST', '/v1/shares', request)).text()
    assert.equal(await (await customer.edge.request('POST', '/v1/shares', request)).text(), first)
  })
})
