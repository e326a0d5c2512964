/** Rewards from the request to the bill: what may be asked for, what each part said, and a client's own scoring server. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { verifyWebhook } from '../../shared/client/verify-webhook.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { packViewSchema } from '../../shared/contract/pack-view.ts'
import { problemSchema } from '../../shared/contract/problem.ts'
import { quoteSchema } from '../../shared/contract/quote.ts'
import { scoringCallSchema } from '../../shared/contract/scoring.ts'
import { traceLineSchema } from '../../shared/contract/trace.ts'
import { getGeneration } from '../../shared/stores/generations.ts'
import { getObject } from '../../shared/stores/outputs.ts'
import { startCustomer } from './customer.ts'

const PROMPT = { prompt: 'seven balloons and four bears', nfe_budget: 40, seed: 3 }

describe('a reward', () => {
  const customer = startCustomer(PROMPT)
  const ask = (reward: unknown, more: object = {}) => customer.ask({ reward, ...more })
  const create = (reward: unknown) => customer.create({ reward })

  test('is shown with everything that the request left to prompt and pack', async () => {
    const counts = { balloon: 7, bear: 4 }
    assert.deepEqual((await create(undefined)).reward, { name: 'count', counts })
    assert.deepEqual((await create('count')).reward, { name: 'count', counts })
    assert.deepEqual((await create('colorfulness')).reward, { name: 'colorfulness' })
    const parts = [
      { reward: 'count', weight: 1 },
      { reward: { name: 'compressibility' }, weight: -0.01 },
    ]
    assert.deepEqual((await create({ name: 'composite', parts })).reward, {
      name: 'composite',
      parts: [
        { reward: { name: 'count', counts }, weight: 1 },
        { reward: { name: 'compressibility' }, weight: -0.01 },
      ],
    })
  })

  for (const [what, reward, pointer, detail] of [
    ['a name that is none', 'colourfulness', '/reward', /did you mean colorfulness/],
    ['an object of a name that is none', { name: 'beauty' }, '/reward/name', /there is count, .*composite, http/],
    [
      'counts of what does not count',
      { name: 'colorfulness', counts: { bear: 1 } },
      '/reward/counts',
      /does not count/,
    ],
    ['a server inside', { name: 'http', url: 'https://169.254.169.254/' }, '/reward/url', /not public/],
    ['a server without an address', { name: 'http' }, '/reward/url', /./],
    ['an unknown key', { name: 'http', url: 'https://example.com', headers: {} }, '/reward/headers', /unknown/],
    ['a composite of nothing', { name: 'composite', parts: [] }, '/reward/parts', /./],
    [
      'a composite within one',
      { name: 'composite', parts: [{ weight: 1, reward: { name: 'composite', parts: [] } }] },
      '/reward/parts/0/reward/name',
      /./,
    ],
    [
      'a weight of 0',
      { name: 'composite', parts: [{ weight: 0, reward: 'count' }] },
      '/reward/parts/0/weight',
      /is not 0/,
    ],
    [
      'a part with a misspelt thing',
      { name: 'composite', parts: [{ weight: 1, reward: { name: 'count', counts: { baloon: 2 } } }] },
      '/reward/parts/0/reward/counts/baloon',
      /did you mean balloon/,
    ],
  ] as const)
    test(`of ${what} is refused at its place`, async () => {
      const response = await ask(reward)
      assert.equal(response.status, 422)
      const { errors = [] } = problemSchema.parse(await response.json())
      assert.ok(
        errors.some((error) => error.pointer === pointer && detail.test(error.detail)),
        JSON.stringify(errors),
      )
    })

  test('without a number in the prompt is no fault where nothing counts', async () => {
    assert.equal((await ask('count', { prompt: 'bears' })).status, 422)
    assert.equal((await ask('colorfulness', { prompt: 'bears' })).status, 202)
  })

  test('of each pack is listed with what it takes, and the search by gradient only where one has it', async () => {
    const response = await customer.edge.request('GET', '/v1/packs', { key: customer.account.apiKey })
    const { data } = (await response.json()) as { data: unknown[] }
    const { rewards, default_reward, searches } = packViewSchema.parse(data[0])
    assert.equal(default_reward, 'count')
    assert.equal(rewards.find(({ name }) => name === 'count')?.takes, 'counts')
    assert.equal(rewards.find(({ name }) => name === 'colorfulness')?.takes, 'image')
    assert.equal(
      searches.includes('gradient'),
      rewards.some(({ gradient }) => gradient),
    )
  })

  test('is quoted apart from others of the same pack and search', async () => {
    for (let sample = 0; sample < 3; sample++)
      await customer.work(await create({ name: 'count', counts: { bear: sample } }))
    const quoted = async (reward: unknown) => {
      const response = await customer.edge.request('POST', '/v1/quotes', {
        key: customer.account.apiKey,
        body: { ...PROMPT, reward },
      })
      return quoteSchema.parse(await response.json())
    }
    assert.ok((await quoted('count')).expected)
    const other = await quoted('colorfulness')
    assert.deepEqual([other.reward, other.expected], [{ name: 'colorfulness' }, null])
  })

  describe('by a scoring server of the client', () => {
    let server: Server
    let url: string
    let answer: (ids: readonly string[]) => { status: number; body: unknown }
    const received: { headers: Record<string, string>; body: string }[] = []
    before(async () => {
      server = createServer(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk)
        const body = Buffer.concat(chunks).toString('utf8')
        received.push({ headers: request.headers as Record<string, string>, body })
        const told = answer(scoringCallSchema.parse(JSON.parse(body)).images.map(({ id }) => id))
        response.writeHead(told.status).end(JSON.stringify(told.body))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/score`
    })
    after(() => {
      server.closeAllConnections()
      server.close()
    })
    const constant = (reward: number) => (ids: readonly string[]) => ({
      status: 200,
      body: { rewards: ids.map((id) => ({ id, reward })) },
    })

    test('is signed with the secret of the account, and its numbers are the search and the result', async () => {
      answer = constant(0.25)
      const ended = await customer.work(await create({ name: 'http', url }))
      assert.equal(ended.status, 'succeeded', JSON.stringify(ended.error))
      assert.deepEqual(ended.result, {
        reward: 0.25,
        parts: [{ name: 'http', weight: 1, reward: 0.25 }],
        counts: null,
      })
      assert.deepEqual([ended.outputs[0]?.found, ended.outputs[0]?.exact], [null, null])
      const [first] = received
      assert.ok(first)
      verifyWebhook({ body: first.body, headers: first.headers, secret: customer.account.webhookSecret })
      assert.equal(scoringCallSchema.parse(JSON.parse(first.body)).generation_id, ended.id)
      const item = await getGeneration(customer.edge.api.table, {
        accountId: customer.account.id,
        generationId: ended.id,
      })
      const trace = Buffer.from(await getObject(customer.edge.api.bucket, item?.trace?.key ?? '')).toString('utf8')
      const lines = trace
        .trim()
        .split('\n')
        .map((line) => traceLineSchema.parse(JSON.parse(line)))
      assert.ok(
        lines.every(({ reward_name, reward }) => reward_name === 'http' && (reward === null || reward === 0.25)),
      )
    })

    test('that reaches the target ends the search early, and the rest is refunded', async () => {
      answer = constant(0.9)
      const response = await ask({ name: 'http', url }, { target_reward: 0.8, search: 'best-of-n', nfe_budget: 200 })
      const ended = await customer.work(generationSchema.parse(await response.json()))
      assert.equal(ended.stop_reason, 'target_reward')
      assert.ok(ended.usage.nfe_refunded > 0)
    })

    test('that fails, fails the generation with its reason, and everything is refunded', async () => {
      const before = await customer.edge.account(customer.account.apiKey)
      for (const [told, code, sentence] of [
        [() => ({ status: 403, body: {} }), 'reward_server_failed', /status 403/],
        [() => ({ status: 404, body: {} }), 'reward_server_failed', /status 404/],
      ] as const) {
        answer = told
        const ended = await customer.work(await create({ name: 'http', url }))
        assert.equal(ended.status, 'failed')
        assert.equal(ended.error?.code, code)
        assert.match(ended.error?.detail ?? '', sentence)
        assert.equal(ended.usage.nfe_used, 0)
        assert.equal(ended.usage.nfe_refunded, PROMPT.nfe_budget)
      }
      const after_ = await customer.edge.account(customer.account.apiKey)
      assert.equal(after_['spent_micro_usd'], before['spent_micro_usd'])
    })
  })
})
