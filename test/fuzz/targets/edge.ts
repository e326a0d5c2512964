/** What the edge reads: bodies, headers, cursors, batches. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { z } from 'zod'
import { readBatch } from '../../../functions/api/batches/read-batch.ts'
import { checkRequest } from '../../../functions/api/generations/check-request.ts'
import { formatCsv } from '../../../functions/api/http/csv.ts'
import { fromCursor, toCursor } from '../../../functions/api/http/page.ts'
import { fieldErrors } from '../../../functions/api/http/problems.ts'
import { changeAccountSchema, creditSchema, newAccountSchema } from '../../../shared/contract/account.ts'
import { extensionRequestSchema, generationRequestSchema } from '../../../shared/contract/generation.ts'
import { changeKeyRequestSchema, newKeyRequestSchema, rotateKeyRequestSchema } from '../../../shared/contract/key.ts'
import { lastEventIdSchema } from '../../../shared/contract/live-event.ts'
import { deliveryMessageSchema, generationMessageSchema } from '../../../shared/contract/queue.ts'
import { endpointChangeSchema, newEndpointSchema } from '../../../shared/contract/webhook.ts'
import { readWebhookUrl } from '../../../shared/contract/webhook-url.ts'
import { parseApiKey } from '../../../shared/domain/api-key.ts'
import { compileDenyList } from '../../../shared/domain/deny-list.ts'
import {
  canonicalBody,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  parseIdempotencyKey,
} from '../../../shared/domain/idempotency-key.ts'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import { preferredWait } from '../../../shared/domain/prefer.ts'
import { isCidr, refuseAddress } from '../../../shared/domain/public-address.ts'
import { parseRetryAfter } from '../../../shared/domain/retry-schedule.ts'
import { countsOf } from '../../../shared/domain/reward.ts'
import { mutatedJson, mutatedText } from '../mutate.ts'
import { PACK_CARDS } from '../pack.ts'
import { named, type Target, target } from '../target.ts'

/** What the edge, Node and the contract let through. */
const BODY = 1 << 16
const HEADER = 1 << 14
const PROMPT = 2000

const webhooks = { allowHttp: true, allowedCidrs: ['127.0.0.0/8'] }
const REQUEST = {
  prompt: 'seven balloons, four red bears and 2 swans',
  reward: { name: 'count', counts: { balloon: 7, bears: 4 } },
  nfe_budget: 100,
  seed: 7,
  search: 'rbf',
  pack: 'emoji-world',
  target_reward: -0.5,
  n_outputs: 2,
  format: 'webp',
  previews: true,
  priority: 'low',
  deadline_seconds: 60,
  start_ttl_seconds: 60,
  webhook_url: 'https://example.com/hook?a=b',
  metadata: { order: '12' },
  retention_seconds: 3600,
}
const PATH_LINE = { pack: 'trajectories', prompt: 'from left to right around a wall', format: 'json' }
const COMPOSITE = {
  name: 'composite',
  parts: [
    { reward: 'count', weight: 1 },
    { reward: { name: 'http', url: 'https://example.com/score', timeout_seconds: 5 }, weight: -0.5 },
  ],
}
const KEY = {
  name: 'CI',
  scopes: ['generations:write'],
  nfe_per_day: 10,
  packs: ['emoji-world'],
  expires_at: '2027-01-01T00:00:00Z',
}
const API_KEY = 'rk_0123456789ABCDEFGHIJKLMNOPQRSTUV000000'

/** Bodies: refused with the place of every fault, and what passes is a fixed point. */
const body = (name: string, schema: z.ZodType, ...valid: readonly unknown[]): Target =>
  target({
    name: `body: ${name}`,
    weight: 4,
    inputs: mutatedJson(...valid),
    run: (input) => {
      if (findOddLength(input) !== undefined) return
      const parsed = schema.safeParse(input)
      if (!parsed.success) {
        const errors = fieldErrors(parsed.error)
        assert.ok(errors.length > 0 && errors.every(({ pointer, detail }) => /^(\/|$)/.test(pointer) && detail !== ''))
      } else assert.deepEqual(schema.parse(parsed.data), parsed.data)
    },
  })

const denied = compileDenyList({ violence: ['gore', 'kill*'] })

export const EDGE_TARGETS: readonly Target[] = [
  body('generation', generationRequestSchema(webhooks), REQUEST, {
    prompt: 'two bears',
    nfe_budget: 1,
    reward: 'count',
  }),
  body('extension', extensionRequestSchema(webhooks), { nfe_budget: 10, priority: 'low', metadata: {} }),
  body('key', newKeyRequestSchema, KEY),
  body('key change', changeKeyRequestSchema, KEY),
  body('key rotation', rotateKeyRequestSchema, { overlap_seconds: 60 }),
  body('account', newAccountSchema, { name: 'Studio', credit_micro_usd: 1000 }),
  body('account change', changeAccountSchema, { name: 'Studio', balance_alerts_micro_usd: [1, 2] }),
  body('credit', creditSchema, { id: 'order-1', micro_usd: 1000 }),
  body('endpoint', newEndpointSchema(webhooks), { url: 'https://example.com', events: ['*'], description: 'x' }),
  body('endpoint change', endpointChangeSchema(webhooks), { events: ['batch.ended'], enabled: true }),
  body('generation message', generationMessageSchema, { account_id: 'acct_1', generation_id: 'gen_1' }),
  body('delivery message', deliveryMessageSchema, { account_id: 'acct_1', delivery_id: 'evt_1' }),
  target({
    name: 'request and its pack',
    weight: 6,
    inputs: mutatedJson(REQUEST, { ...REQUEST, reward: 'count' }, { ...REQUEST, reward: COMPOSITE }),
    run: (input) => {
      if (findOddLength(input) !== undefined) return
      const parsed = generationRequestSchema(webhooks).safeParse(input)
      if (!parsed.success) return
      const { reward } = checkRequest({ packs: PACK_CARDS, denied }, parsed.data)
      const counts = Object.values(countsOf(reward) ?? {})
      assert.ok(counts.every((count) => Number.isSafeInteger(count) && count >= 0 && count <= 64))
    },
    refuses: named('ProblemError'),
  }),
  target({
    name: 'batch',
    weight: 4,
    inputs: fc.record({
      text: mutatedText(
        [REQUEST, PATH_LINE, { ...REQUEST, id: 'a', nfe_budget: undefined }]
          .map((line) => JSON.stringify(line))
          .join('\n'),
      ),
      budget: fc.option(fc.nat(10_000), { nil: undefined }),
    }),
    run: ({ text, budget }) => {
      const lines = readBatch(text, { webhooks, budget })
      const sum = lines.reduce((total, { request }) => total + request.nfe_budget, 0)
      assert.ok(lines.length > 0 && (budget === undefined || sum <= budget))
    },
    refuses: named('ProblemError'),
    long: [(n) => ({ text: `${JSON.stringify(REQUEST)}\n`.repeat(Math.min(100, n / 400)), budget: undefined })],
  }),
  target({
    name: 'deny list',
    weight: 3,
    inputs: mutatedText('a bear with a gun', 'K\u0130LL\u00adER'),
    run: (text) => void denied(text),
    longest: PROMPT,
    long: [(n) => 'a '.repeat(n / 2), (n) => '\u0301'.repeat(n)],
  }),
  target({
    name: 'Idempotency-Key',
    weight: 6,
    inputs: mutatedText('"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'order-12', '"a\\"b\\\\c"'),
    run: (header) => {
      const key = parseIdempotencyKey(header)
      if (key === undefined) return
      assert.ok(/^[\x20-\x7e]+$/.test(key) && key.length <= MAX_IDEMPOTENCY_KEY_LENGTH)
      const quoted = `"${key.replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`
      assert.equal(parseIdempotencyKey(quoted), key)
    },
    longest: HEADER,
    long: [(n) => `"${'\\"'.repeat(n / 2)}`, (n) => `"${' '.repeat(n)}`],
  }),
  target({
    name: 'body under an Idempotency-Key',
    weight: 4,
    inputs: mutatedText(JSON.stringify(REQUEST)),
    run: (text) => assert.equal(canonicalBody(canonicalBody(text)), canonicalBody(text)),
    longest: BODY,
    long: [(n) => '['.repeat(n), (n) => `[${'{"a":'.repeat(n / 6)}`],
  }),
  target({
    name: 'Prefer',
    weight: 6,
    inputs: mutatedText('wait=10', 'respond-async, wait="20"; a=b', 'handling=lenient'),
    run: (header) => {
      const seconds = preferredWait(header, 60)
      assert.ok(seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 60))
    },
    longest: HEADER,
    long: [(n) => `wait${' '.repeat(n)}x`, (n) => ','.repeat(n)],
  }),
  target({
    name: 'cursor',
    weight: 4,
    inputs: mutatedText(String(toCursor('gen_01KDVFPA4QZ4XY1XJVJT2RKQH0'))),
    run: (text) => assert.equal(toCursor(fromCursor(text, 'gen')), text),
    refuses: named('ProblemError'),
  }),
  target({
    name: 'API key',
    weight: 4,
    inputs: mutatedText(API_KEY, API_KEY.replace('rk', 'rka')),
    run: (text) => assert.ok([undefined, 'rk', 'rka'].includes(parseApiKey(text))),
    longest: HEADER,
    long: [(n) => `rk_${'0'.repeat(n)}`],
  }),
  target({
    name: 'Last-Event-ID',
    weight: 2,
    inputs: mutatedText('000001-000012', 'end'),
    run: (text) => void lastEventIdSchema.safeParse(text),
  }),
  target({
    name: 'Retry-After',
    weight: 3,
    inputs: mutatedText('120', 'Fri, 31 Dec 1999 23:59:59 GMT'),
    run: (text) => {
      const ms = parseRetryAfter(text, 1e12)
      assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0))
    },
    longest: HEADER,
    long: [(n) => '9'.repeat(n)],
  }),
  target({
    name: 'webhook URL',
    weight: 6,
    inputs: mutatedText(
      'https://example.com:8443/hook?a=b',
      'http://127.0.0.1:9/x',
      'https://[::ffff:7f00:1]/',
      'https://0x7f.1/',
    ),
    run: (text) => {
      const read = readWebhookUrl(text, webhooks)
      if (!read.ok) return
      assert.ok(read.host !== '' && !text.includes('@@'))
      assert.ok(read.url.username === '' && read.url.password === '' && /^https?:$/.test(read.url.protocol))
    },
    long: [(n) => `https://${'a.'.repeat(n / 2)}`, (n) => `https://${'['.repeat(n)}`],
  }),
  target({
    name: 'IP address',
    weight: 6,
    inputs: mutatedText('10.1.2.3', '::ffff:10.1.2.3', '2606:4700::1111', 'fe80::1%eth0', '64:ff9b::7f00:1'),
    run: (text) => {
      isCidr(text)
      const refusal = refuseAddress(text, { allowedCidrs: [] })
      if (refusal === undefined) assert.ok(!/^(10|127|0|192\.168|169\.254)\./.test(text))
    },
    long: [(n) => ':'.repeat(n), (n) => '1.'.repeat(n / 2)],
  }),
  target({
    name: 'CSV',
    weight: 3,
    inputs: fc.array(fc.record({ a: fc.string({ unit: 'binary' }), b: fc.string() }), { maxLength: 3 }),
    run: (rows) =>
      assert.deepEqual(readCsv(formatCsv(['a', 'b'], rows)), [['a', 'b'], ...rows.map(({ a, b }) => [a, b])]),
  }),
]

/** RFC 4180, read back by its grammar. */
const readCsv = (text: string): string[][] => {
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const mark = text[at] ?? ''
    if (quoted && mark === '"' && text[at + 1] === '"') cell += text[at++]
    else if (mark === '"') quoted = !quoted
    else if (!quoted && (mark === ',' || text.startsWith('\r\n', at))) {
      rows.at(-1)?.push(cell)
      cell = ''
      if (mark === ',') continue
      rows.push([])
      at++
    } else cell += mark
  }
  return rows.slice(0, -1)
}
