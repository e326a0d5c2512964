/** Time to live, which dynalite lacks: the setting per table, and the sweep that deletes expired items. */
import { answer, type Operation, parseRequest, primaryKey, runRequest, tableOf } from './dynamodb-operations.ts'
import { TOKEN_LIFE_MS, TOKEN_PREFIX } from './dynamodb-transactions.ts'
import type { Item, Store } from './types-dynamodb.ts'

const TTL_PREFIX = 'ttl~'
const FIVE_YEARS_SECONDS = 5 * 365 * 86_400

interface TimeToLive {
  AttributeName: string
  Enabled: boolean
}

const settingOf = async (store: Store, table: string): Promise<TimeToLive | undefined> =>
  (await store.db.get(TTL_PREFIX + table)) as TimeToLive | undefined

export const updateTimeToLive: Operation = async (store, body) => {
  const name = String(body['TableName'])
  const wanted = body['TimeToLiveSpecification'] as TimeToLive
  await tableOf(store, name)
  if (Boolean((await settingOf(store, name))?.Enabled) === wanted.Enabled) {
    throw answer('ValidationException', `TimeToLive is already ${wanted.Enabled ? 'enabled' : 'disabled'}`)
  }
  await store.db.put(TTL_PREFIX + name, wanted)
  return { TimeToLiveSpecification: wanted }
}

export const describeTimeToLive: Operation = async (store, body) => {
  const name = String(body['TableName'])
  await tableOf(store, name)
  const setting = await settingOf(store, name)
  return {
    TimeToLiveDescription: setting?.Enabled
      ? { TimeToLiveStatus: 'ENABLED', AttributeName: setting.AttributeName }
      : { TimeToLiveStatus: 'DISABLED' },
  }
}

/** A table that is deleted takes its setting with it: one of the same name starts without. */
export const deleteTable: Operation = async (store, body) => {
  const request = parseRequest(store, 'DeleteTable', body)
  const result = await runRequest(store, 'DeleteTable', request)
  await store.db.del(TTL_PREFIX + request.TableName)
  return result
}

/**
 * Deletes every item whose time (seconds) has passed, from table and indexes, and forgets old transaction tokens.
 * Like DynamoDB it leaves alone what is not a number, and what expired more than five years ago.
 */
export async function sweep(store: Store, nowMs: number): Promise<void> {
  const now = nowMs / 1000
  for await (const [key, setting] of prefixed<TimeToLive>(store, TTL_PREFIX)) {
    if (setting.Enabled)
      await sweepTable(store, { name: key.slice(TTL_PREFIX.length), now, attribute: setting.AttributeName })
  }
  for await (const [key, { at }] of prefixed<{ at: number }>(store, TOKEN_PREFIX)) {
    if (at < nowMs - TOKEN_LIFE_MS) await store.db.del(key)
  }
}

async function sweepTable(store: Store, sweep: { name: string; attribute: string; now: number }): Promise<void> {
  const { name, attribute, now } = sweep
  const table = await tableOf(store, name).catch(() => undefined)
  if (!table) return
  for await (const [, item] of prefixed<Item>(store, `item-${name}~`)) {
    const expires = Number(item[attribute]?.N)
    if (!(expires < now && expires > now - FIVE_YEARS_SECONDS)) continue
    const request = parseRequest(store, 'DeleteItem', {
      TableName: name,
      Key: primaryKey(table, item),
      // Only if it is still the time that was read: a write since then may have prolonged the item's life.
      ConditionExpression: '#ttl = :ttl',
      ExpressionAttributeNames: { '#ttl': attribute },
      ExpressionAttributeValues: { ':ttl': item[attribute] },
    })
    await runRequest(store, 'DeleteItem', request).catch(() => {})
  }
}

const prefixed = <T>(store: Store, prefix: string) =>
  store.db.iterator({ gte: prefix, lt: `${prefix}\xff` }) as AsyncIterable<[string, T]>
