/** What the local emulators read before they trust it. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { emulatorConfig } from '../../../cdk/local/emulators/config.ts'
import { acceptChunked, plainBody } from '../../../cdk/local/emulators/s3-chunked.ts'
import { admit } from '../../../cdk/local/emulators/s3-guard.ts'
import { S3Refusal } from '../../../cdk/local/emulators/s3-refusal.ts'
import { verifySignature } from '../../../cdk/local/emulators/s3-signature.ts'
import { checkKey } from '../../../cdk/local/emulators/s3-store.ts'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import { mutatedBytes, mutatedJson, mutatedText } from '../mutate.ts'
import { type Target, target } from '../target.ts'

const KEYS = { LOCALKEY: 'secret' }
const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=LOCALKEY/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`
const PRESIGNED = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=LOCALKEY%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=${'0'.repeat(64)}`
const CHUNKED = '5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'
const refused = (error: unknown) => error instanceof S3Refusal

export const EMULATOR_TARGETS: readonly Target[] = [
  target({
    name: 'emulator: S3 key',
    weight: 3,
    inputs: mutatedText('outputs/acct_1/gen_1/1-0.png', '../../etc/passwd'),
    run: (key) => {
      checkKey(key)
      assert.ok(!key.split('/').some((part) => part === '..' || part === '.'))
    },
    refuses: refused,
  }),
  target({
    name: 'emulator: S3 signature',
    weight: 3,
    inputs: fc.record({
      authorization: mutatedText(AUTHORIZATION),
      date: mutatedText('20260101T000000Z'),
      query: mutatedText(PRESIGNED, ''),
    }),
    run: ({ authorization, date, query }) => {
      const headers = { authorization, 'x-amz-date': date, host: '127.0.0.1' }
      const request = { method: 'GET', path: '/b/k', query: new URLSearchParams(query), headers }
      verifySignature(request, KEYS, Date.parse('2026-01-01T00:00:10Z'))
      assert.fail('a signature of zeros was taken')
    },
    refuses: refused,
  }),
  target({
    name: 'emulator: S3 request line',
    weight: 3,
    inputs: mutatedText(`/bucket/outputs/a%2Fb.png?${PRESIGNED}`, '/b/%2e%2e/x', '/%ff'),
    run: (url) => {
      admit({ url, method: 'OPTIONS', headers: {} } as IncomingMessage, KEYS)
    },
    refuses: refused,
  }),
  target({
    name: 'emulator: S3 chunks',
    weight: 2,
    inputs: mutatedBytes(Buffer.from(CHUNKED)),
    run: async (bytes) => {
      const content = Readable.from([Buffer.from(bytes)]) as unknown as IncomingMessage
      content.headers = {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '11',
      }
      acceptChunked(content)
      let length = 0
      for await (const part of plainBody(content)) length += part.length
      assert.equal(length, 11)
    },
    refuses: refused,
  }),
  target({
    name: 'emulator: configuration',
    weight: 1,
    inputs: mutatedJson({ dataDir: '/tmp/x', keys: { a: 'b' }, buckets: ['outputs'], queues: [{ name: 'q' }] }),
    // Written by the process that starts them; what zod stumbles over is refused where strangers write.
    run: (input) => void (findOddLength(input) === undefined && emulatorConfig.safeParse(input)),
  }),
]
