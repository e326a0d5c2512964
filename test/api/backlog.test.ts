/** What the fleet is steered by: the waiting work, measured in the real table, and the tasks that ECS tells of. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ECSClient } from '@aws-sdk/client-ecs'
import { measureBacklog } from '../../functions/backlog/measure-backlog.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { measureOpenWork } from '../../shared/stores/backlog.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

describe('the backlog', () => {
  let edge: Edge
  let account: TestAccount
  let services: object[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ services }))
  })
  let ecs: ECSClient
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    ecs = new ECSClient({ endpoint, region: 'us-east-1' })
  })
  after(async () => {
    ecs.destroy()
    server.close()
    server.closeAllConnections()
    await edge.close()
  })

  const create = async (nfe_budget: number): Promise<string> => {
    const body = { prompt: 'seven balloons', nfe_budget }
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body })
    return generationSchema.parse(await response.json()).id
  }
  const measure = () =>
    measureBacklog({
      table: edge.api.table,
      sqs: edge.api.queues.client,
      queueUrls: Object.values(edge.api.queues.generationsUrls),
      ecs,
      cluster: 'cluster',
      service: 'service',
      secondsPerNfe: 0.1,
      maxTasks: 4,
      concurrency: 2,
      now: Date.now,
    })

  test('is the NFEs of what is queued, not of what is in work or has ended', async () => {
    services = [{ desiredCount: 3, runningCount: 2 }]
    assert.deepEqual(await measure(), { backlogSeconds: 0, desiredTasks: 3, runningTasks: 2 })
    const first = await create(100)
    await create(250)
    assert.equal((await measure()).backlogSeconds, 35)
    await createRunner(edge).work({ accountId: account.id, generationId: first })
    assert.equal((await measure()).backlogSeconds, 25)
  })

  test('says that it is a lower bound when there is more than it reads', async () => {
    const { queued, queuedNfe, more } = await measureOpenWork(edge.api.table, 20)
    assert.deepEqual({ queued, queuedNfe, more }, { queued: 1, queuedNfe: 250, more: false })
  })

  test('fails loudly when the service is gone: the alarm BacklogFails is for that', async () => {
    services = []
    await assert.rejects(measure(), /no service/)
  })
})
