/** What AWS Lambda gives a function, as far as a bundle of ours asks for it: its events, and where a stream is written. */
import { Writable } from 'node:stream'

const CONTEXT = { awsRequestId: 'bench', functionName: 'bench' }

/** What a function URL behind CloudFront adds to the headers of a client. */
const HEADERS_ON_THE_WAY = {
  accept: '*/*',
  'accept-encoding': 'br,gzip',
  'user-agent': 'Amazon CloudFront',
  via: '1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)',
  'x-amz-cf-id': 'Q1dXyJ3Yc8m0Jk2gkQ0m0Qx8bT1nq0Vw5cXo1rX0pQ0m0Qx8bT1nq0==',
  'x-amzn-tls-cipher-suite': 'TLS_AES_128_GCM_SHA256',
  'x-amzn-tls-version': 'TLSv1.3',
  'x-amzn-trace-id': 'Root=1-6743f8a2-0123456789abcdef01234567',
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
}

export interface EdgeRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly key: string
  readonly body?: object
  readonly headers?: object
}

/** The event of a function URL. */
export function urlEvent({ method, path, key, body, headers }: EdgeRequest): object {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const ofBody = text !== undefined && {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
  }
  const http = { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'bench' }
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { ...HEADERS_ON_THE_WAY, authorization: `Bearer ${key}`, host: 'api.example', ...ofBody, ...headers },
    requestContext: { http, domainName: 'api.example', requestId: 'bench' },
    ...(text !== undefined && { body: text }),
    isBase64Encoded: false,
  }
}

type Handler = (event: object, ...rest: object[]) => Promise<unknown>

/** Where a function that streams writes; the status is that of its head. */
class ResponseStream extends Writable {
  status = 0
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

const runtime = {
  streamifyResponse: (handler: Handler) => Object.assign(handler, { streams: true }),
  HttpResponseStream: {
    from: (stream: ResponseStream, { statusCode }: { statusCode: number }) => {
      stream.status = statusCode
      return stream
    },
  },
}

/** A bundle's handler. Imported once a process. */
export async function importHandler(bundle: string): Promise<Handler & { streams?: boolean }> {
  Object.assign(globalThis, { awslambda: runtime })
  return ((await import(bundle)) as { handler: Handler }).handler
}

/** What the function answers to one event, as text. Rejects on a status from 300. */
export async function invoke(handler: Handler & { streams?: boolean }, event: object): Promise<string> {
  if (handler.streams !== true) {
    const answer = (await handler(event, CONTEXT)) as { statusCode?: number; body?: string } | undefined
    return checked(answer?.statusCode ?? 200, answer?.body ?? '')
  }
  const stream = new ResponseStream()
  await handler(event, stream, CONTEXT)
  return checked(stream.status, stream.text)
}

function checked(status: number, text: string): string {
  if (status >= 300) throw new Error(`the function answered ${status}: ${text}`)
  return text
}
