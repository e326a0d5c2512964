/** S3 on one machine: s3rver behind a guard that refuses what S3 refuses. */
import { mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { close, type Emulator, LOOPBACK, listen } from './loopback.ts'
import { loadS3rver } from './packages.ts'
import { admit, checkAbsent, normaliseRange, refuse } from './s3-guard.ts'
import { listObjects } from './s3-list.ts'
import { repairStore } from './s3-store.ts'
import type { S3rverServer } from './types-s3.ts'

export interface S3Options {
  directory: string
  /** 0 or absent: any free port. */
  port?: number
  /** Access key id -> secret. No other key and no anonymous request gets in. */
  keys: Readonly<Record<string, string>>
  buckets: readonly string[]
  /** Origins whose pages may GET, HEAD and PUT through presigned URLs. */
  corsOrigins?: readonly string[]
}

/**
 * Starts S3 with the buckets named; buckets and objects of an earlier start are kept. An object whose PUT was answered
 * survives the death of the process, one that was still being received does not appear.
 * @throws Error if the port is taken.
 */
export async function startS3(options: S3Options): Promise<Emulator> {
  const { port = 0, keys } = options
  const s3rver = await openS3rver(options)
  const serve = serveWith(s3rver)
  const server = createServer(async (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      await serve(request, response, keys)
    } catch (error) {
      refuse(request, response, error)
    }
  })
  const endpoint = await listen(server, { port, host: LOOPBACK })
  return { endpoint, stop: () => close(server) }
}

async function openS3rver({ directory, keys, buckets, corsOrigins = [] }: S3Options): Promise<S3rverServer> {
  const incoming = join(directory, 'incoming')
  await rm(incoming, { recursive: true, force: true })
  await mkdir(incoming, { recursive: true })

  const s3rver = loadS3rver()
  // s3rver looks keys up but must not judge signatures (it gets bucket-level paths wrong): the guard does.
  for (const [id, secret] of Object.entries(keys)) s3rver.account.createKeyPair(id, secret)
  const rules = corsOrigins.length > 0 ? [corsRules(corsOrigins)] : []
  const inner = new s3rver.Server({
    silent: true,
    directory: join(directory, 'buckets'),
    vhostBuckets: false,
    allowMismatchedSignatures: true,
    configureBuckets: buckets.map((name) => ({ name, configs: rules })),
  })
  repairStore(inner.store, s3rver, incoming)
  await inner.configureBuckets()
  // Rules are kept as a file: without origins, those of an earlier start must go.
  if (rules.length === 0) for (const name of buckets) await inner.store.deleteSubresource(name, undefined, 'cors')
  return inner
}

function serveWith(s3rver: S3rverServer) {
  const { store } = s3rver
  const inner = s3rver.callback()
  const alone = oneAtATime()
  return async (request: IncomingMessage, response: ServerResponse, keys: Readonly<Record<string, string>>) => {
    const admitted = admit(request, keys)
    const { bucket, key, query } = admitted
    const condition = request.headers['if-none-match']
    if (request.method === 'PUT' && condition !== undefined) {
      // Fault: `If-None-Match: *` is ignored. Writers of one key take turns, so that exactly one finds it absent.
      await alone(`${bucket}/${key}`, async () => {
        await checkAbsent(store, admitted, condition)
        await inner(request, response)
      })
    } else if (request.method === 'GET' && key === '' && query.get('list-type') === '2') {
      const list = await listObjects(store, bucket, query)
      response.writeHead(200, { 'content-type': 'application/xml' }).end(list)
    } else {
      await normaliseRange(store, admitted, request)
      await inner(request, response)
    }
  }
}

/** Runs tasks of the same name one after the other. */
function oneAtATime(): (name: string, task: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>()
  return async (name, task) => {
    const mine = (last.get(name) ?? Promise.resolve()).catch(() => {}).then(task)
    last.set(name, mine)
    try {
      await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}

function corsRules(origins: readonly string[]): string {
  const methods = ['GET', 'HEAD', 'PUT'].map((method) => `<AllowedMethod>${method}</AllowedMethod>`).join('')
  const rules = origins.map(
    (origin) =>
      `<CORSRule><AllowedOrigin>${origin}</AllowedOrigin>${methods}` +
      '<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule>',
  )
  return `<CORSConfiguration>${rules.join('')}</CORSConfiguration>`
}
