/** The reference page: all that the document says, and nothing that is loaded from elsewhere or not allowed to run. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Edge, startEdge } from './edge.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
}

describe('the reference page', () => {
  let edge: Edge
  let page: string
  let policy: string
  before(async () => {
    edge = await startEdge()
    const response = await edge.request('GET', '/reference')
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /text\/html/)
    policy = response.headers.get('content-security-policy') ?? ''
    page = await response.text()
  })
  after(() => edge.close())

  test('has a section and a link for every operation and every object', async () => {
    const document = (await (await edge.request('GET', '/openapi.json')).json()) as {
      paths: Record<string, Record<string, Operation>>
      components: { schemas: object }
    }
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item))
    assert.ok(operations.length > 50)
    const anchors = [...operations.map(({ operationId }) => operationId)]
    anchors.push(...Object.keys(document.components.schemas).map((name) => `schema-${name}`))
    for (const anchor of anchors) {
      assert.ok(page.includes(`id="${anchor}"`), anchor)
      assert.ok(page.includes(`href="#${anchor}"`), anchor)
    }
    for (const [, target = ''] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(page.includes(`id="${target}"`), target)
    assert.equal([...page.matchAll(/<pre data-sample="curl">/g)].length, operations.length)
  })

  test('runs its own script and style, by their hashes, and no other', () => {
    for (const [kind, pattern] of [
      ['script-src', /<script>([\s\S]*?)<\/script>/],
      ['style-src', /<style>([\s\S]*?)<\/style>/],
    ] as const) {
      const text = pattern.exec(page)?.[1] ?? ''
      const hash = createHash('sha256').update(text).digest('base64')
      assert.ok(policy.includes(`${kind} 'sha256-${hash}'`), kind)
    }
    assert.match(policy, /^default-src 'none';/)
    assert.ok(!policy.includes('unsafe'))
    assert.ok(!/ style="| on[a-z]+="|<link|<img|src="/.test(page))
  })

  test('shows text of the document as text', () => {
    assert.ok(page.includes('&quot;prompt&quot;'))
    assert.ok(!page.includes('[object'))
    assert.ok(!page.includes('undefined</'))
  })
})
