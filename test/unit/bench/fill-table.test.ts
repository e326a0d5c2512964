import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startEdge } from '../../api/edge.ts'
import { fillTable } from '../../bench/fill-table.ts'

const DAY_MS = 86_400_000
const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10)

test('what is written past the operations is there for the API: in the list, and in the usage', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-fill-'))
  const newest = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2
  let edge = await startEdge(Date.now, folder)
  try {
    const { id: accountId, keyId, apiKey } = await edge.openAccount()
    await edge.close()
    const on = { dataFolder: folder, tableName: edge.api.table.name, accountId, keyId, newest, perDay: 10 }
    const until = Number.POSITIVE_INFINITY
    assert.equal(await fillTable({ ...on, from: 0, to: 20, until }), 20)
    assert.equal(await fillTable({ ...on, from: 20, to: 30, until }), 30)
    edge = await startEdge(Date.now, folder)
    const get = async (path: string) => {
      const response = await edge.request('GET', path, { key: apiKey })
      assert.equal(response.status, 200)
      return response.json() as Promise<Record<string, unknown>>
    }
    const listed = await get('/v1/generations?limit=100')
    assert.equal((listed['data'] as unknown[]).length, 30)
    assert.equal(listed['next_cursor'], null)
    const usage = await get(`/v1/account/usage?from=${dayOf(newest - 4 * DAY_MS)}&to=${dayOf(newest)}`)
    assert.deepEqual(usage['total'], { generations: 30, nfe_used: 30 * 500, price_micro_usd: 30 * 500 * 20 })
  } finally {
    await edge.close()
    await rm(folder, { recursive: true, force: true })
  }
})
