/** The OpenAPI document lints clean, and says what the routes do; every problem has a page. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { EXAMPLE_GENERATION, EXAMPLES } from '../../functions/api/document/examples.ts'
import { operationIdOf } from '../../functions/api/document/operation-id.ts'
import { PROBLEMS, problemSchema } from '../../shared/contract/problem.ts'
import { REMEDIES } from '../../shared/contract/problem-remedies.ts'
import { type Edge, startEdge } from './edge.ts'

interface Operation {
  readonly operationId: string
  readonly tags: string[]
  readonly responses: Record<string, unknown>
  readonly parameters?: { readonly $ref?: string }[]
  readonly security?: readonly unknown[]
}
type Paths = Record<string, Record<string, Operation>>

describe('the OpenAPI document', () => {
  let edge: Edge
  let text: string
  let paths: Paths
  before(async () => {
    edge = await startEdge()
    text = await (await edge.request('GET', '/openapi.json')).text()
    paths = (JSON.parse(text) as { paths: Paths }).paths
  })
  after(() => edge.close())

  const operations = () =>
    Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
    )

  test('has no fault, by the strictest rules of the linter', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const faults = await lintFromString({ source: text, absoluteRef: 'openapi.json', config })
    assert.deepEqual(
      faults.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`),
      [],
    )
  })

  test('finds faults: the linter is awake', async () => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const source = text.replaceAll('"operationId":"createGeneration"', '"operationId":"listGenerations"')
    assert.notDeepEqual(await lintFromString({ source, absoluteRef: 'openapi.json', config }), [])
  })

  test('names operations after what they do', () => {
    assert.equal(operationIdOf('get', '/v1/generations'), 'listGenerations')
    assert.equal(operationIdOf('post', '/v1/generations'), 'createGeneration')
    assert.equal(operationIdOf('get', '/v1/generations/{id}/outputs/{n}'), 'getGenerationOutput')
    assert.equal(operationIdOf('post', '/v1/generations/{id}/cancel'), 'cancelGeneration')
    assert.equal(operationIdOf('delete', '/v1/generations/{id}'), 'deleteGeneration')
    assert.equal(operationIdOf('get', '/v1/batches/{id}'), 'getBatch')
    const ids = operations().map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('offers an Idempotency-Key on every POST but the free one', () => {
    for (const { path, method, operation } of operations()) {
      const offered = (operation.parameters ?? []).some(({ $ref }) => $ref?.endsWith('/IdempotencyKey'))
      assert.equal(offered, method === 'post' && path !== '/v1/quotes', `${method} ${path}`)
    }
  })

  test('has examples that the routes accept as they stand', async () => {
    const { apiKey } = await edge.openAccount(100_000)
    for (const [operation, body] of Object.entries(EXAMPLES)) {
      const [method = '', path = ''] = operation.split(' ')
      assert.ok(paths[path]?.[method], operation)
      // Those about one thing are run, with an id, by the test of the samples.
      if (path.includes('{') || JSON.stringify(body).includes(EXAMPLE_GENERATION)) continue
      const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
      const headers = { 'content-type': type }
      const key = path.startsWith('/v1/admin/') ? edge.adminKey : apiKey
      const response = await edge.request(method.toUpperCase(), path, { key, body, headers })
      assert.ok(response.ok, `${operation}: ${response.status}`)
    }
  })

  test('is about routes that are there: each refuses a stranger, none is missing', async () => {
    for (const { path, method, operation } of operations()) {
      const concrete = path.replaceAll(/\{[^}]+\}/g, 'x')
      const response = await edge.request(method.toUpperCase(), concrete)
      // What needs no key needs something else that a stranger has not.
      assert.equal(response.status, operation.security?.length === 0 ? 404 : 401, `${method} ${path}`)
    }
  })

  test('every problem has a page for people and one for programs', async () => {
    for (const [code, { title, status }] of Object.entries(PROBLEMS)) {
      const path = `/problems/${code.replaceAll('_', '-')}`
      const person = await edge.request('GET', path, { headers: { accept: 'text/html,*/*' } })
      assert.equal(person.status, 200)
      assert.match(person.headers.get('content-type') ?? '', /text\/html/)
      assert.ok((await person.text()).includes(code))
      const program = (await (await edge.request('GET', path)).json()) as Record<string, unknown>
      assert.deepEqual([program['code'], program['status'], program['title']], [code, status, title])
      assert.equal(program['remedy'], REMEDIES[code as keyof typeof PROBLEMS])
    }
    assert.equal((await edge.request('GET', '/problems/none-such')).status, 404)
    assert.equal((await edge.request('GET', '/problems')).status, 200)
  })

  test("a problem's type is the address of its page", async () => {
    const refused = problemSchema.parse(await (await edge.request('GET', '/v1/account')).json())
    const page = await edge.request('GET', new URL(refused.type).pathname)
    assert.equal(((await page.json()) as { type: string }).type, refused.type)
  })

  test('a path that takes other methods says which', async () => {
    const { apiKey } = await edge.openAccount()
    for (const [method, path, allow] of [
      ['PUT', '/v1/generations', 'GET, POST'],
      ['PATCH', '/v1/generations/gen_x', 'DELETE, GET'],
      ['DELETE', '/v1/quotes', 'POST'],
    ] as const) {
      const response = await edge.request(method, path, { key: apiKey })
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), allow)
      assert.equal(problemSchema.parse(await response.json()).code, 'method_not_allowed')
    }
  })
})
