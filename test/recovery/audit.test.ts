/** The audit finds nothing where nothing is wrong, and every forgery. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { auditService } from '../../functions/reconcile/audit.ts'
import { getGeneration } from '../../shared/stores/generations.ts'
import { putObject } from '../../shared/stores/outputs.ts'
import { accountItemKey, accountKey } from '../../shared/stores/table.ts'
import { type Edge, startEdge, type TestAccount } from '../api/edge.ts'
import { createRunner } from '../api/work.ts'

describe('the audit', () => {
  let edge: Edge
  let account: TestAccount
  let id: string
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
    const body = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 1 }
    for (const at of [0, 1]) {
      const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
      id = ((await response.json()) as { id: string }).id
      if (at === 0) await createRunner(edge).work({ accountId: account.id, generationId: id })
    }
    await createRunner(edge).work({ accountId: account.id, generationId: id })
    await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
  })
  after(() => edge.close())
  const audit = async () => (await auditService(edge.api)).differences.map(({ what }) => what)
  const add = (key: { pk: string; sk: string }, name: string, by: number) =>
    edge.api.table.client.send(
      new UpdateCommand({
        TableName: edge.api.table.name,
        Key: key,
        UpdateExpression: 'ADD #name :by',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':by': by },
      }),
    )

  test('finds no difference in what the service wrote, and the command says so', async () => {
    const { accounts, generations, entries, differences } = await auditService(edge.api)
    assert.deepEqual([accounts, generations, entries, differences], [1, 3, 3, []])
    const { stdout } = await run()
    assert.deepEqual(JSON.parse(stdout), { accounts: 1, generations: 3, entries: 3, differences: 0 })
  })

  test('finds an amount that was changed by a micro-dollar, on the account and on a generation', async () => {
    await add(accountKey(account.id), 'spent_micro_usd', 1)
    assert.deepEqual(await audit(), ['balance + held + spent = credited', 'spent = its settlements'])
    await add(accountKey(account.id), 'spent_micro_usd', -1)
    await add(accountItemKey(account.id, 'GENERATION', id), 'nfe_used', 1)
    assert.deepEqual(await audit(), ['NFEs settled', 'NFEs of the trace'])
    await assert.rejects(run(), { code: 1 })
    await add(accountItemKey(account.id, 'GENERATION', id), 'nfe_used', -1)
    assert.deepEqual(await audit(), [])
  })

  test('of a folder where no stack has run is refused, not clean, and leaves nothing there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollover-audit-'))
    try {
      await assert.rejects(run({ data: folder }), { code: 2, stdout: '' })
      assert.deepEqual(await readdir(folder), [])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('finds an image and a trace that are not what was stored', async () => {
    const generation = await getGeneration(edge.api.table, { accountId: account.id, generationId: id })
    assert.ok(generation?.outputs?.[0] && generation.trace)
    for (const { key } of [generation.outputs[0], generation.trace])
      await putObject(edge.api.bucket, { key, bytes: Buffer.from('{"nfe":1}\n'), contentType: 'text/plain' })
    const found = await audit()
    assert.ok(found.includes('sha256 of the trace') && found.includes('NFEs of the trace'))
    assert.ok(found.some((what) => what.startsWith('sha256 of outputs/')))
  })

  test('finds a state that an open extension cannot begin with any more', async () => {
    const body = { nfe_budget: 10 }
    const response = await edge.request('POST', `/v1/generations/${id}/extend`, { key: account.apiKey, body })
    const extension = { accountId: account.id, generationId: ((await response.json()) as { id: string }).id }
    const { key = '' } = (await getGeneration(edge.api.table, extension))?.extends?.checkpoint ?? {}
    const what = `sha256 of ${key}`
    assert.ok(key.includes(extension.generationId) && !(await audit()).includes(what))
    await putObject(edge.api.bucket, { key, bytes: Buffer.from('x'), contentType: 'text/plain' })
    assert.ok((await audit()).includes(what))
  })

  /** Of this edge, or of the stack whose data are there. */
  const run = ({ data }: { data?: string } = {}) =>
    promisify(execFile)(
      process.execPath,
      [
        fileURLToPath(new URL('../../cdk/local/audit.ts', import.meta.url)),
        '--json',
        ...(data === undefined ? [] : ['--data', data]),
      ],
      { env: data === undefined ? { ...edge.environment } : {} },
    )
})
