/** DynamoDB on one machine: dynalite's store and expressions behind an HTTP layer of our own. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import {
  DYNALITE_OPERATIONS,
  type DynaliteOperation,
  type Operation,
  parseRequest,
  runRequest,
} from './dynamodb-operations.ts'
import { asWriteStore, repairedDynalite } from './dynamodb-repairs.ts'
import { transactGetItems, transactWriteItems } from './dynamodb-transactions.ts'
import { deleteTable, describeTimeToLive, sweep, updateTimeToLive } from './dynamodb-ttl.ts'
import { close, type Emulator, LOOPBACK, listen } from './loopback.ts'
import type { DynamoDbError, Store, Table } from './types-dynamodb.ts'

const MAX_REQUEST_BYTES = 16 * 1024 * 1024
const TARGET = /^DynamoDB_20120810\.(\w+)$/

export interface DynamoDbOptions {
  /** Folder of the LevelDB store; without one, items live in memory. */
  path?: string
  /** 0 or absent: any free port. */
  port?: number
  host?: string
  ttlSweepSeconds?: number
}

const dynaliteOperation =
  (name: DynaliteOperation): Operation =>
  (store, body) =>
    runRequest(store, name, parseRequest(store, name, body))

const OPERATIONS = new Map<string, Operation>([
  ...DYNALITE_OPERATIONS.map((name) => [name, dynaliteOperation(name)] as const),
  ['DeleteTable', deleteTable],
  ['TransactWriteItems', transactWriteItems],
  ['TransactGetItems', transactGetItems],
  ['UpdateTimeToLive', updateTimeToLive],
  ['DescribeTimeToLive', describeTimeToLive],
])

/** DynamoDB without its port. */
export interface OpenDynamoDb {
  /** What a request for `target`, such as `DynamoDB_20120810.GetItem`, with this body is answered. */
  respond(target: unknown, body: string): Promise<Answered>
  /** Deletes what has expired. */
  sweep(now: number): Promise<void>
  close(): Promise<void>
}

interface Answered {
  readonly status: number
  readonly body: object
}

/** @throws Error if another process holds the folder; without one, items live in memory. */
export async function openDynamoDb(path?: string): Promise<OpenDynamoDb> {
  const store = await openStore(path)
  return {
    respond: (target, body) => respond(store, target, body),
    sweep: (now) => sweep(store, now),
    close: () => store.db.close(),
  }
}

/**
 * Starts DynamoDB. What it has answered with a 2xx survives the death of the process.
 * @throws Error if another process holds the folder, or the port is taken.
 */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<Emulator> {
  const dynamodb = await openDynamoDb(options.path)
  const server = createServer(async (request, response) => {
    // An aborted request must end here: dynalite's own listener rethrows its error and takes the process down.
    request.on('error', () => {})
    response.on('error', () => {})
    const { status, body } = await respondTo(dynamodb, request)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() })
    response.end(JSON.stringify(body))
  })
  const endpoint = await listen(server, { port: options.port ?? 0, host: options.host ?? LOOPBACK })
  const timer = setInterval(
    () => dynamodb.sweep(Date.now()).catch((error) => console.error('dynamodb: the sweep failed', error)),
    (options.ttlSweepSeconds ?? 60) * 1000,
  )
  timer.unref()
  return {
    endpoint,
    stop: async () => {
      clearInterval(timer)
      await close(server)
      await dynamodb.close()
    },
  }
}

async function openStore(path: string | undefined): Promise<Store> {
  const instant = { createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 }
  const plain = repairedDynalite().db.create(path === undefined ? instant : { path, ...instant })
  try {
    await plain.db.open()
  } catch (error) {
    throw new Error(`DynamoDB's folder ${path} cannot be opened; is another process using it?`, { cause: error })
  }
  // Fault: a kill while a table is being created leaves it CREATING, neither usable nor creatable again.
  for await (const [key, value] of plain.db.iterator({ gte: 'table~', lt: 'table~\xff' })) {
    const table = value as Table
    if (table.TableStatus !== 'CREATING') continue
    const active = table.GlobalSecondaryIndexes?.map((index) => ({ ...index, IndexStatus: 'ACTIVE' }))
    await plain.db.put(key, { ...table, TableStatus: 'ACTIVE', ...(active && { GlobalSecondaryIndexes: active }) })
  }
  return asWriteStore(plain, (writes) => plain.db.batch(writes))
}

async function respondTo(dynamodb: OpenDynamoDb, request: IncomingMessage): Promise<Answered> {
  // Signatures are not checked, so a web page that posts to this port must be refused by its Origin.
  if (request.headers.origin !== undefined) return failure('AccessDeniedException', 'Not for browsers')
  try {
    return await dynamodb.respond(request.headers['x-amz-target'], await readText(request))
  } catch (error) {
    if (request.complete) console.error('dynamodb:', error)
    return { ...failure('InternalServerError', String(error)), status: 500 }
  }
}

/** Rejects with what is a fault of this code. */
async function respond(store: Store, target: unknown, text: string): Promise<Answered> {
  const operation = OPERATIONS.get(TARGET.exec(String(target))?.[1] ?? '')
  if (!operation) return failure('UnknownOperationException', 'Not an operation of the local DynamoDB')
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null) return failure('SerializationException', 'Not an object')
    return { status: 200, body: await operation(store, body as Record<string, unknown>) }
  } catch (error) {
    const known = error as Partial<DynamoDbError>
    if (known.body && known.statusCode) return { status: known.statusCode, body: known.body }
    if (error instanceof SyntaxError) return failure('SerializationException', 'Not JSON')
    throw error
  }
}

const failure = (type: string, message: string) => ({
  status: 400,
  body: { __type: `com.amazon.coral.service#${type}`, message },
})

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_REQUEST_BYTES) throw new Error('A request may have at most 16 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
