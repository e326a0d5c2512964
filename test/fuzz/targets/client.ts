/** What the client reads: event streams, webhooks, command lines. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { UsageError } from '../../../shared/client/commands/command.ts'
import { COMMANDS } from '../../../shared/client/commands/commands.ts'
import { helpLines, readArguments } from '../../../shared/client/commands/read-arguments.ts'
import { readServerSentEvents } from '../../../shared/client/sse.ts'
import { verifyWebhook } from '../../../shared/client/verify-webhook.ts'
import { encodeWebhookSecret, signWebhook } from '../../../shared/domain/webhook-signature.ts'
import { mutatedBytes, mutatedText } from '../mutate.ts'
import { type Target, target } from '../target.ts'

const STREAM = 'event: status\ndata: {"status":"running"}\n\n: ping\r\n\r\nid: 000001-000002\rdata: a\ndata:b\n\n'
const SECRET = encodeWebhookSecret(new Uint8Array(32))
const BODY = '{"type":"generation.succeeded","timestamp":"2026-01-01T00:00:00Z","data":{}}'
const timestampSeconds = Math.floor(Date.now() / 1000)
const SIGNED = signWebhook({ id: 'evt_1', timestampSeconds, body: BODY, secrets: [SECRET] })

/** Mostly as it was signed: of four fields that all are wrong only the first is looked at. */
const mostly = (text: string) => fc.oneof({ weight: 2, arbitrary: fc.constant(text) }, mutatedText(text))

const streamOf = (bytes: Uint8Array, size: number): ReadableStream<Uint8Array> => {
  let at = 0
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

const eventsOf = async (bytes: Uint8Array, size: number) => {
  const events = []
  for await (const event of readServerSentEvents(streamOf(bytes, size))) events.push(event)
  return events
}

export const CLIENT_TARGETS: readonly Target[] = [
  target({
    name: 'server-sent events',
    weight: 4,
    inputs: fc.record({ bytes: mutatedBytes(Buffer.from(STREAM)), size: fc.integer({ min: 1, max: 40 }) }),
    // However the bytes are cut, the events are the same.
    run: async ({ bytes, size }) =>
      assert.deepEqual(await eventsOf(bytes, size), await eventsOf(bytes, Math.max(1, bytes.length))),
    long: [
      (n) => ({ bytes: Buffer.from(`data:${'x'.repeat(n)}\n\n`), size: 16 }),
      (n) => ({ bytes: Buffer.from('\n'.repeat(n)), size: 1000 }),
    ],
  }),
  target({
    name: 'webhook',
    weight: 3,
    inputs: fc.record({
      body: mostly(BODY),
      id: mostly('evt_1'),
      timestamp: mostly(SIGNED['webhook-timestamp']),
      signature: fc.oneof(mostly(SIGNED['webhook-signature']), mutatedText(`v1a,AAAA ${SIGNED['webhook-signature']}`)),
    }),
    run: ({ body, id, timestamp, signature }) => {
      const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      const event = verifyWebhook({ body, headers, secret: SECRET })
      // What passes was signed: the reference says of the same content that it is ours.
      const sentAt = new Date(Number.parseInt(timestamp, 10) * 1000)
      assert.ok(signature.includes(new Webhook(SECRET).sign(id, sentAt, body)))
      assert.deepEqual(event, JSON.parse(body))
    },
    refuses: (error) => error instanceof WebhookVerificationError,
    long: [
      (n) => ({ body: BODY, id: 'evt_1', timestamp: SIGNED['webhook-timestamp'], signature: 'v1,AAAA '.repeat(n / 8) }),
    ],
  }),
  target({
    name: 'command line',
    weight: 3,
    inputs: fc.array(
      fc.oneof(
        fc.constantFrom(
          ...COMMANDS.flatMap(({ words, options }) => [
            ...words.split(' '),
            ...Object.keys(options ?? {}).map((name) => `--${name}`),
          ]),
        ),
        mutatedText('--nfe', '-0.5', '--', '-h', '--json=1', 'seven bears'),
      ),
      { maxLength: 8 },
    ),
    run: (typed) => {
      const { command, given } = readArguments(COMMANDS, typed)
      for (const name of Object.keys(command.options ?? {})) {
        given.text(name)
        given.number(name)
      }
      assert.ok(helpLines(COMMANDS, command).length > 0)
    },
    refuses: (error) => error instanceof UsageError,
  }),
]
