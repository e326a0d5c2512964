/** A client's scoring server, on loopback, over the same guarded POST as in production. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { decode } from 'fast-png'
import { RewardServerError, type ScoringContext, scoreByServer } from '../../../gpu-runner/reward/score-by-server.ts'
import { MAX_REWARD, MAX_SCORED_IMAGES, scoringCallSchema } from '../../../shared/contract/scoring.ts'
import { LOOPBACK, receive } from '../outbound/loopback.ts'

const imageOf = (level: number) => ({ data: new Float32Array(3 * 4).fill(level), width: 2, height: 2 })

/** The scorer of a server that answers as told, with what it got and how long it was waited for. */
async function serve(
  t: TestContext,
  answer: (response: ServerResponse, ids: readonly string[], call: number) => void,
  { weight = 1, ...context }: Partial<ScoringContext> & { weight?: number } = {},
) {
  let calls = 0
  const { port, received } = await receive(t, (response) => {
    const { images } = scoringCallSchema.parse(JSON.parse(received.at(-1)?.body ?? ''))
    answer(
      response,
      images.map(({ id }) => id),
      ++calls,
    )
  })
  const pauses: number[] = []
  const on: ScoringContext = {
    generationId: 'gen_1',
    prompt: 'two bears',
    attempt: '3',
    policy: LOOPBACK,
    allowed: async () => true,
    sign: async ({ id }) => ({ 'webhook-id': id, 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' }),
    pause: async (ms) => void pauses.push(ms),
    ...context,
  }
  const server = { name: 'http', url: `http://127.0.0.1:${port}/score`, timeout_seconds: 1 } as const
  return { score: scoreByServer(on, { server, weight }), received, pauses }
}

const json = (response: ServerResponse, body: unknown) => response.writeHead(200).end(JSON.stringify(body))
const scored = (ids: readonly string[]) => ({ rewards: ids.map((id, at) => ({ id, reward: at + 0.5 })) })

const fails = (code: string, sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RewardServerError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, sentence)
  return true
}

test('sends PNGs with the prompt, signed, and takes each number by its id, whatever the order', async (t) => {
  const { score, received } = await serve(t, (response, ids) =>
    json(response, { rewards: scored(ids).rewards.toReversed(), note: 'more keys are ignored' }),
  )
  assert.deepEqual(await score([imageOf(-1), imageOf(1)]), [0.5, 1.5])
  const [request] = received
  assert.equal(request?.headers['webhook-id'], 'gen_1-3-1')
  const call = scoringCallSchema.parse(JSON.parse(request?.body ?? ''))
  assert.equal(call.prompt, 'two bears')
  const pixels = call.images.map(({ data }) => decode(Buffer.from(data, 'base64')).data[0])
  assert.deepEqual(pixels, [0, 255])
})

test('sends no more images in one call than it promises, one call after the other', async (t) => {
  const { score, received } = await serve(t, (response, ids) => json(response, scored(ids)))
  const rewards = await score(Array.from({ length: MAX_SCORED_IMAGES + 1 }, () => imageOf(0)))
  assert.equal(rewards.length, MAX_SCORED_IMAGES + 1)
  assert.deepEqual(
    received.map(({ headers }) => headers['webhook-id']),
    ['gen_1-3-1', 'gen_1-3-2'],
  )
})

test('asks again after 5xx under the same id, and as late as Retry-After says', async (t) => {
  const { score, received, pauses } = await serve(t, (response, ids, call) =>
    call === 1
      ? response.writeHead(503, { 'retry-after': '7' }).end()
      : call === 2
        ? response.writeHead(500).end()
        : json(response, scored(ids)),
  )
  assert.deepEqual(await score([imageOf(0)]), [0.5])
  assert.deepEqual(pauses, [7000, 3000])
  assert.equal(new Set(received.map(({ body }) => body)).size, 1)
})

test('gives up after three answers that are none, and says what was wrong with them', async (t) => {
  const wrong: Record<string, [(ids: readonly string[]) => unknown, RegExp]> = {
    'a reward missing': [() => ({ rewards: [] }), /without a reward for gen_1-3-1-0, 3 times/],
    'two for one image': [
      (ids) => ({ rewards: [...scored(ids).rewards, ...scored(ids).rewards] }),
      /two rewards for one image/,
    ],
    'one for another image': [
      (ids) => ({ rewards: [...scored(ids).rewards, { id: 'x', reward: 1 }] }),
      /images that it was not sent/,
    ],
    'no number': [(ids) => ({ rewards: ids.map((id) => ({ id, reward: 'high' })) }), /did not answer/],
    'a number beyond all': [
      (ids) => ({ rewards: ids.map((id) => ({ id, reward: 2 * MAX_REWARD })) }),
      /did not answer/,
    ],
  }
  for (const [answer, sentence] of Object.values(wrong)) {
    const { score, received } = await serve(t, (response, ids) => json(response, answer(ids)))
    await assert.rejects(score([imageOf(0)]), fails('reward_server_invalid', sentence))
    assert.equal(received.length, 3)
  }
})

test('does not ask again where the server refused, or where it may not be asked', async (t) => {
  const refusing = await serve(t, (response) => response.writeHead(401).end())
  await assert.rejects(refusing.score([imageOf(0)]), fails('reward_server_failed', /answered with status 401\.$/))
  assert.equal(refusing.received.length, 1)
  const inside = await serve(t, (response, ids) => json(response, scored(ids)), {
    policy: { allowHttp: true, allowedCidrs: [] },
  })
  await assert.rejects(inside.score([imageOf(0)]), fails('reward_server_failed', /address_refused/))
  assert.equal(inside.received.length, 0)
})

test('follows no redirect, and a server that is silent is asked three times', async (t) => {
  const moved = await serve(t, (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end())
  await assert.rejects(moved.score([imageOf(0)]), fails('reward_server_failed', /status 302\.$/))
  const silent = await serve(t, () => {})
  await assert.rejects(silent.score([imageOf(0)]), fails('reward_server_failed', /timeout: .*3 times/))
})

test('an image that the client may not see is not sent, and scores the worst there is for its weight', async (t) => {
  for (const [weight, worst] of [
    [2, -MAX_REWARD],
    [-2, MAX_REWARD],
  ] as const) {
    let asked = 0
    const { score, received } = await serve(t, (response, ids) => json(response, scored(ids)), {
      weight,
      allowed: async () => ++asked > 1,
    })
    assert.deepEqual(await score([imageOf(0), imageOf(1)]), [worst, 0.5])
    assert.equal(scoringCallSchema.parse(JSON.parse(received[0]?.body ?? '')).images.length, 1)
  }
})
