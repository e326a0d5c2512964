/** Transactions, which dynalite lacks: all items locked, all conditions checked, one batch written. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import {
  answer,
  type DynaliteOperation,
  type Operation,
  parseRequest,
  primaryKey,
  runRequest,
  tableOf,
} from './dynamodb-operations.ts'
import { asWriteStore, repairedDynalite } from './dynamodb-repairs.ts'
import type { DynamoDbError, Item, Request, Store, Write } from './types-dynamodb.ts'

/** Tokens are remembered for ten minutes, as in DynamoDB; the sweep removes older ones. */
export const TOKEN_PREFIX = 'txtoken~'
export const TOKEN_LIFE_MS = 10 * 60_000

const MAX_ITEMS = 100

// A condition check is parsed as a delete, the action with the same parameters, and never run.
const ACTIONS = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'DeleteItem' } as const
type Kind = keyof typeof ACTIONS

interface Place {
  table: string
  key: string
}

interface Step extends Place {
  kind: Kind
  operation: DynaliteOperation
  request: Request
}

interface Reason {
  Code: string
  Message?: string
  Item?: Item
}

/**
 * Puts, updates, deletes and condition checks on up to 100 items, all or none. A repeated ClientRequestToken with the
 * same items changes nothing; with other items it is an error.
 * @throws DynamoDbError TransactionCanceledException with one reason an item, IdempotentParameterMismatchException
 */
export const transactWriteItems: Operation = async (store, body) => {
  const entries = entriesOf(body)
  const fingerprint = createHash('sha256').update(JSON.stringify(entries)).digest('hex')
  const steps = await Promise.all(entries.map((entry) => stepOf(store, entry)))
  if (new Set(steps.map(placeName)).size !== steps.length) {
    throw answer('ValidationException', 'Transaction request cannot include multiple operations on one item')
  }
  const token = body['ClientRequestToken']
  return withLocks(store, steps, async () => {
    if (typeof token === 'string' && (await isReplay(store, token, fingerprint))) return {}
    const writes = await stage(store, steps)
    if (typeof token === 'string') {
      writes.push({ type: 'put', key: TOKEN_PREFIX + token, value: { fingerprint, at: Date.now() } })
    }
    await store.commit(writes)
    return {}
  })
}

/** Reads up to 100 items as they stood at one instant. */
export const transactGetItems: Operation = async (store, body) => {
  const gets = await Promise.all(
    entriesOf(body).map(async (entry) => {
      const request = parseRequest(store, 'GetItem', entry['Get'] ?? {})
      return { request, ...(await placeOf(store, request)) }
    }),
  )
  return withLocks(store, gets, async () => {
    const found = await Promise.all(gets.map(({ request }) => runRequest(store, 'GetItem', request)))
    return { Responses: found.map((result) => ('Item' in result ? { Item: result.Item } : {})) }
  })
}

function entriesOf(body: Record<string, unknown>): Record<string, object>[] {
  const entries = body['TransactItems']
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_ITEMS) {
    throw answer('ValidationException', `Member 'transactItems' must have between 1 and ${MAX_ITEMS} entries`)
  }
  return entries
}

async function stepOf(store: Store, entry: Record<string, object>): Promise<Step> {
  const [kind, ...others] = Object.keys(entry)
  if (kind === undefined || !Object.hasOwn(ACTIONS, kind) || others.length > 0) {
    throw answer('ValidationException', 'TransactItems can only contain one of Check, Put, Update or Delete')
  }
  const operation = ACTIONS[kind as Kind]
  const parameters = entry[kind] ?? {}
  if (kind === 'ConditionCheck' && !('ConditionExpression' in parameters)) {
    throw answer('ValidationException', 'ConditionCheck needs a ConditionExpression')
  }
  const request = parseRequest(store, operation, structuredClone(parameters))
  return { kind: kind as Kind, operation, request, ...(await placeOf(store, request)) }
}

async function placeOf(store: Store, request: Request): Promise<Place> {
  const { db } = repairedDynalite()
  const table = await tableOf(store, request.TableName)
  const key = request.Key ?? primaryKey(table, request.Item ?? {})
  const invalid = db.validateKey(key, table)
  if (invalid) throw invalid
  return { table: request.TableName, key: db.createKey(key, table) }
}

const placeName = ({ table, key }: Place) => `${table}\0${key}`

// Locks are always taken in the same order, so two transactions cannot wait for each other.
async function withLocks<T>(store: Store, places: Place[], run: () => Promise<T>): Promise<T> {
  const releases: (() => void)[] = []
  const inOrder = [...new Map(places.map((place) => [placeName(place), place]))].sort(([a], [b]) => (a < b ? -1 : 1))
  try {
    for (const [, { table, key }] of inOrder) {
      await new Promise<void>((locked) => {
        store.getItemDb(table).lock(key, (release) => {
          releases.push(release(() => {}))
          locked()
        })
      })
    }
    return await run()
  } finally {
    for (const release of releases) release()
  }
}

async function isReplay(store: Store, token: string, fingerprint: string): Promise<boolean> {
  const seen = (await store.db.get(TOKEN_PREFIX + token)) as { fingerprint: string; at: number } | undefined
  if (!seen || seen.at < Date.now() - TOKEN_LIFE_MS) return false
  if (seen.fingerprint !== fingerprint) {
    throw answer('IdempotentParameterMismatchException', 'The token was used before with other parameters')
  }
  return true
}

// Every step sees the table as it was before: no item is written twice, and nothing is written until all have passed.
async function stage(store: Store, steps: Step[]): Promise<Write[]> {
  const writes: Write[] = []
  const staging = asWriteStore(
    store,
    async (more) => void writes.push(...more),
    (_key, run) => run((done) => done),
  )
  const reasons = []
  for (const step of steps) reasons.push(await reasonOf(() => runStep(staging, step)))
  if (reasons.every(({ Code }) => Code === 'None')) return writes
  const codes = reasons.map(({ Code }) => Code).join(', ')
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`
  throw answer('TransactionCanceledException', message, { Message: message, CancellationReasons: reasons })
}

async function runStep(store: Store, { kind, operation, request, table, key }: Step): Promise<void> {
  if (kind !== 'ConditionCheck') {
    await runRequest(store, operation, request)
    return
  }
  const items = store.getItemDb(table)
  const failed = repairedDynalite().db.checkConditional(request, await promisify(items.get)(key))
  if (failed) throw failed
}

async function reasonOf(run: () => Promise<void>): Promise<Reason> {
  try {
    await run()
    return { Code: 'None' }
  } catch (error) {
    const { body } = error as Partial<DynamoDbError>
    const type = body?.__type.split('#')[1]
    if (type === 'ValidationException') return { Code: 'ValidationError', Message: body?.message ?? '' }
    if (type !== 'ConditionalCheckFailedException') throw error
    return {
      Code: 'ConditionalCheckFailed',
      Message: 'The conditional request failed',
      ...(body?.Item && { Item: body.Item }),
    }
  }
}
