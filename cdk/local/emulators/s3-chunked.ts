/**
 * `aws-chunked` bodies: how the SDK sends a stream whose checksum it knows only at the end.
 *
 * Fault: s3rver refuses the unsigned form with a trailer, the SDK's default for streams.
 */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { S3Refusal } from './s3-refusal.ts'

const FORM = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const CRLF = '\r\n'
const MAX_LINE_BYTES = 16 * 1024

const decodedBytes = new WeakMap<object, number>()

/** Marks a request whose signature has been checked, so that its body is decoded and s3rver takes it for a plain one. */
export function acceptChunked(request: IncomingMessage): void {
  const { headers } = request
  if (headers['x-amz-content-sha256'] !== FORM) return
  decodedBytes.set(request, Number(headers['x-amz-decoded-content-length']))
  headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
  const encodings = (headers['content-encoding'] ?? '').split(',').filter((name) => name.trim() !== 'aws-chunked')
  headers['content-encoding'] = encodings.join(',')
  if (encodings.length === 0) delete headers['content-encoding']
}

/** The bytes of a body; of a marked request, those between the chunk headers. The trailer's checksum is not checked. */
export function plainBody(content: Readable): AsyncIterable<Buffer> {
  const expected = decodedBytes.get(content)
  return expected === undefined ? content : decode(content, expected)
}

async function* decode(content: AsyncIterable<Buffer>, expected: number): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0)
  let inChunk = 0
  let total = 0
  let ended = false
  for await (const bytes of content) {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    while (!ended && pending.length > 0) {
      if (inChunk > 0) {
        const part = pending.subarray(0, inChunk)
        yield part
        total += part.length
        inChunk -= part.length
        pending = pending.subarray(part.length)
        continue
      }
      // Between chunks: the CRLF that ends the last one, then the next size in hex.
      const start = pending.subarray(0, 2).equals(Buffer.from(CRLF)) ? 2 : 0
      const end = pending.indexOf(CRLF, start)
      if (end === -1) {
        if (pending.length > MAX_LINE_BYTES) throw incomplete()
        break
      }
      inChunk = Number.parseInt(pending.toString('latin1', start, end), 16)
      if (Number.isNaN(inChunk)) throw incomplete()
      ended = inChunk === 0
      pending = pending.subarray(end + CRLF.length)
    }
    if (ended) pending = Buffer.alloc(0)
  }
  if (!ended || total !== expected) throw incomplete()
}

const incomplete = () => new S3Refusal(400, 'IncompleteBody', 'The body is not what its headers announce')
