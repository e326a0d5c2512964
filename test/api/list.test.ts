/** The list of generations: every one once, newest first, of this account only, whatever the page and the filter. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { generationSchema } from '../../shared/contract/generation.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { abandonGeneration } from '../../shared/stores/generations.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 10 }
const TOTAL = 7

describe('the list of generations', () => {
  let edge: Edge
  let account: TestAccount
  let now = Date.parse('2026-03-01T00:00:00Z')
  const ids: string[] = []
  before(async () => {
    edge = await startEdge(() => now)
    account = await edge.openAccount()
    for (let at = 0; at < TOTAL; at++) {
      const metadata = { order: String(at), project: 'menagerie' }
      const response = await edge.request('POST', '/v1/generations', {
        key: account.apiKey,
        body: { ...BODY, metadata },
      })
      ids.unshift(generationSchema.parse(await response.json()).id)
      now += 60_000
    }
    // Places of generations that never were belong in no list.
    await abandonGeneration(edge.api.table, { accountId: account.id, generationId: 'gen_0000NEVER', at: now })
  })
  after(() => edge.close())

  const list = async (query: string, by = account) => {
    const response = await edge.request('GET', `/v1/generations${query}`, { key: by.apiKey })
    assert.equal(response.status, 200, await response.clone().text())
    const page = (await response.json()) as { object: string; data: unknown[]; next_cursor: string | null }
    assert.equal(page.object, 'list')
    return { data: page.data.map((each) => generationSchema.parse(each)), next: page.next_cursor }
  }

  for (const limit of [1, 2, 3, TOTAL, 100])
    test(`shows each once, newest first, in pages of ${limit}`, async () => {
      const seen: string[] = []
      let cursor: string | null = null
      do {
        const page = await list(`?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`)
        assert.ok(page.data.length <= limit)
        seen.push(...page.data.map(({ id }) => id))
        cursor = page.next
      } while (cursor !== null)
      assert.deepEqual(seen, ids)
    })

  test('does not miss or repeat any when new ones come between two pages', async () => {
    const first = await list('?limit=3')
    const extra = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: BODY })
    const { id } = generationSchema.parse(await extra.json())
    const second = await list(`?limit=100&cursor=${first.next}`)
    assert.deepEqual(
      [...first.data, ...second.data].map((each) => each.id),
      ids,
    )
    ids.unshift(id)
  })

  test('is filtered by status, pack and time', async () => {
    assert.equal((await list('?status=queued')).data.length, TOTAL + 1)
    assert.equal((await list('?status=succeeded')).data.length, 0)
    assert.equal((await list('?pack=emoji-world')).data.length, TOTAL + 1)
    assert.equal((await list('?pack=other')).data.length, 0)
    const some = await list('?created_from=2026-03-01T00:02:00Z&created_before=2026-03-01T00:05:00Z')
    assert.deepEqual(
      some.data.map(({ metadata }) => metadata['order']),
      ['4', '3', '2'],
    )
    assert.equal((await list('?created_from=9999-01-01T00:00:00Z')).data.length, 0)
    const backwards = '?created_from=2026-03-01T00:05:00Z&created_before=2026-03-01T00:02:00Z'
    assert.deepEqual((await list(backwards)).data, [])
    assert.equal((await list('?created_before=0001-01-01T00:00:00Z')).data.length, 0)
  })

  test('shows the metadata that was sent', async () => {
    const page = await list(`?limit=100`)
    assert.deepEqual(page.data.at(-1)?.metadata, { order: '0', project: 'menagerie' })
  })

  test("shows nothing of another account's, also with its cursor", async () => {
    const other = await edge.openAccount()
    const mine = await list('?limit=2')
    assert.deepEqual(await list('', other), { data: [], next: null })
    assert.deepEqual(await list(`?cursor=${mine.next}`, other), { data: [], next: null })
  })

  const forged = Buffer.from('KEY#x').toString('base64url')
  for (const query of [
    'limit=0',
    'limit=101',
    'limit=x',
    'status=lost',
    'cursor=zzz',
    `cursor=${forged}`,
    'page=2',
    'created_from=now',
  ])
    test(`refuses ${query}`, async () => {
      const response = await edge.request('GET', `/v1/generations?${query}`, { key: account.apiKey })
      assert.equal(response.status, 422)
      const problem = problemSchema.parse(await response.json())
      assert.equal(problem.errors?.[0]?.pointer, `/${query.split('=')[0]}`)
    })

  for (const [what, metadata] of [
    ['a key with a space', { 'a b': 'x' }],
    ['a long value', { a: 'x'.repeat(257) }],
    ['seventeen keys', Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v']))],
    ['a number', { a: 1 }],
  ] as const)
    test(`metadata with ${what} is refused`, async () => {
      const response = await edge.request('POST', '/v1/generations', {
        key: account.apiKey,
        body: { ...BODY, metadata },
      })
      assert.equal(response.status, 422)
      assert.match(problemSchema.parse(await response.json()).errors?.[0]?.pointer ?? '', /^\/metadata/)
    })
})
