/** A task that works is protected from scale-in, and one that rests is not, whatever the ECS agent does. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { protectTask } from '../../../gpu-runner/worker/protect-task.ts'

describe('scale-in protection', () => {
  const told: unknown[] = []
  let status = 200
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    told.push({ path: request.url, method: request.method, ...JSON.parse(Buffer.concat(chunks).toString()) })
    response.writeHead(status).end('{}')
  })
  let agentUri = ''
  const errors: unknown[] = []
  before(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    agentUri = `http://127.0.0.1:${address.port}/api/abc`
  })
  after(() => server.close())
  const protection = () => protectTask({ agentUri, fetch, onError: (error) => errors.push(error) })
  const ON = {
    path: '/api/abc/task-protection/v1/state',
    method: 'PUT',
    ProtectionEnabled: true,
    ExpiresInMinutes: 120,
  }
  const OFF = { path: ON.path, method: 'PUT', ProtectionEnabled: false }

  test('begins before the first generation and ends after the last of several at once', async () => {
    told.length = 0
    const { during } = protection()
    const first = Promise.withResolvers<void>()
    const one = during(async () => {
      assert.deepEqual(told, [ON])
      await first.promise
    })
    await during(async () => {})
    assert.deepEqual(told, [ON])
    first.resolve()
    await one
    assert.deepEqual(told, [ON, OFF])
  })

  test('ends after work that fails, and the failure is the answer', async () => {
    told.length = 0
    await assert.rejects(
      protection().during(() => Promise.reject(new Error('no image'))),
      /no image/,
    )
    assert.deepEqual(told, [ON, OFF])
  })

  test('an agent that refuses does not stop the work', async () => {
    status = 500
    assert.equal(await protection().during(async () => 'done'), 'done')
    assert.equal(errors.length, 2)
  })

  test('without an agent nobody is told', async () => {
    told.length = 0
    const alone = protectTask({ agentUri: undefined, fetch, onError: (error) => assert.fail(String(error)) })
    assert.equal(await alone.during(async () => 'done'), 'done')
    assert.deepEqual(told, [])
  })
})
