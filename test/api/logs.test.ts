/** No line that any part writes, in good times or bad, has a key, a secret, a prompt or a link in it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createApi } from '../../functions/api/app.ts'
import type { ApiContext } from '../../functions/api/context.ts'
import { observed } from '../../functions/api/http/observe.ts'
import { reportRequests } from '../../functions/api/http/report-requests.ts'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { deliverWebhook } from '../../functions/webhooks/deliver.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const PROMPT = 'seven balloons and four bears'
const HOOK = 'http://127.0.0.1:9/hook/of-one-client'
const BODY = { prompt: PROMPT, nfe_budget: 20, metadata: { note: 'for-the-client-alone' }, webhook_url: HOOK }

describe('what is logged', () => {
  let edge: Edge
  let account: TestAccount
  const lines: string[] = []
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }))
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
    for (const { stream, write } of streams)
      stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
        lines.push(Buffer.from(chunk).toString('utf8'))
        return write.call(stream, chunk, ...rest)
      }) as typeof stream.write
  })
  after(async () => {
    for (const { stream, write } of streams) stream.write = write
    await edge.close()
  })

  const logged = () => lines.join('')
  /** The edge as the Lambda runs it, its request log included. */
  const served = (api: ApiContext) => observed(createApi(api), { observe: reportRequests(), now: Date.now })
  const ask = (api: ApiContext, method: string, path: string, body?: unknown, key = account.apiKey) =>
    served(api).request(path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...(method === 'POST' && { 'idempotency-key': `key-of-one-client-${path.length}` }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  const named = async (response: Response): Promise<string> => {
    assert.equal(response.status, 202, await response.clone().text())
    return ((await response.json()) as { id: string }).id
  }
  const failing = (message: string) => ({ send: () => Promise.reject(new Error(message)) }) as never

  test('names requests and ids, and none of what is private', async () => {
    const id = await named(await ask(edge.api, 'POST', '/v1/generations', BODY))
    const runner = createRunner(edge)
    await runner.work({ accountId: account.id, generationId: id })
    const shown = await ask(edge.api, 'GET', `/v1/generations/${id}`)
    const link = ((await shown.json()) as { outputs: { url: string }[] }).outputs[0]?.url ?? ''
    assert.match(link, /X-Amz-Signature/)
    const redirect = await ask(edge.api, 'GET', `/v1/generations/${id}/outputs/0`)
    assert.equal(redirect.status, 302)

    const shared = await ask(edge.api, 'POST', '/v1/shares', { generations: [id] })
    const { token } = (await shared.json()) as { token: string }
    assert.equal((await ask(edge.api, 'GET', `/v1/shared/${token}`)).status, 200)

    // A receiver that is not there, and a worker that says so.
    const webhooks = { ...edge.api, timeoutMs: 500, random: () => 0.5 }
    await deliverWebhook(webhooks, { account_id: account.id, delivery_id: deliveryIdOf(id) })
    // What clients get wrong.
    for (const wrong of ['{"prompt": "', { ...BODY, secret: account.apiKey }, { ...BODY, prompt: 7 }])
      assert.ok((await ask(edge.api, 'POST', '/v1/generations', wrong)).status >= 400)
    assert.equal((await ask(edge.api, 'GET', '/v1/account', undefined, `${account.apiKey}x`)).status, 401)
    // What fails on our side: the table, the queue, the bucket, the model, the classifier.
    const broken = { ...edge.api, table: { ...edge.api.table, client: failing('the table is gone') } }
    assert.equal((await ask(broken, 'POST', '/v1/generations', BODY)).status, 500)
    const silent = { ...edge.api, queues: { ...edge.api.queues, client: failing('the queue is gone') } }
    const headers = { authorization: `Bearer ${account.apiKey}`, 'content-type': 'application/json' }
    const other = await served(silent).request('/v1/generations', {
      method: 'POST',
      headers,
      body: JSON.stringify(BODY),
    })
    const unlucky = { accountId: account.id, generationId: await named(other) }
    const breaking = createRunner(
      { ...edge, api: { ...edge.api, bucket: { ...edge.api.bucket, client: failing('the bucket is gone') } } },
      { content: { prompt: async () => undefined, image: () => Promise.reject(new Error('no verdict')) } },
    )
    for (let tries = 0; tries < 3; tries++) await breaking.work(unlucky)
    await reconcile({ ...broken, now: () => Date.now() + 600_000 }).catch(() => undefined)

    const text = logged()
    for (const expected of ['the table is gone', 'the queue is gone', 'the bucket is gone', '/v1/generations', id])
      assert.ok(text.includes(expected), `nothing was logged of: ${expected}`)
    const secrets = {
      'an API key': account.apiKey,
      'the administration key': edge.adminKey,
      'a webhook secret': account.webhookSecret,
      'the pepper': edge.api.keyPepper,
      'a secret of AWS': edge.environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      'a prompt': PROMPT,
      'a word of a prompt': 'balloons',
      metadata: 'for-the-client-alone',
      'an Idempotency-Key': 'key-of-one-client',
      "a client's address": 'of-one-client',
      'a presigned link': link,
      'the token of a shared link': token,
      'a signature': 'X-Amz-Signature',
      'a header': 'Bearer ',
    }
    for (const [what, secret] of Object.entries(secrets)) {
      assert.ok(secret.length > 0, what)
      assert.ok(!text.includes(secret), `${what} was logged`)
    }
  })
})
