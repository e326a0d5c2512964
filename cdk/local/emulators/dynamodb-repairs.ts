/** Repairs inside dynalite: one write, one batch; and the item returned when its condition fails. */
import { loadDynalite } from './packages.ts'
import type { Dynalite, Item, ItemStore, Store, Table, Write } from './types-dynamodb.ts'

const WRITE_ACTIONS = ['putItem', 'updateItem', 'deleteItem'] as const
const RETURN_ITEM = { type: 'String', enum: ['NONE', 'ALL_OLD'] }

let repaired: Dynalite | undefined

/** dynalite with its faults mended. The modules are shared by the process, so this is done once. */
export function repairedDynalite(): Dynalite {
  repaired ??= repair(loadDynalite())
  return repaired
}

function repair(dynalite: Dynalite): Dynalite {
  const { db } = dynalite

  // Fault: ReturnValuesOnConditionCheckFailure is dropped as an unknown parameter, so that a caller whose retry meets
  // its own first attempt cannot see that it already succeeded.
  for (const name of WRITE_ACTIONS) dynalite.action(name).types['ReturnValuesOnConditionCheckFailure'] = RETURN_ITEM
  const checkConditional = db.checkConditional
  db.checkConditional = (request, item) => {
    const error = checkConditional(request, item)
    if (error && item && request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') error.body.Item = item
    return error
  }

  // Fault: index entries and item are separate writes, so a kill between them leaves an index that contradicts its
  // table for ever. Every write action calls this first, under the item's lock: it commits item and indexes as one
  // LevelDB batch, and the action's own put or delete, which follows, is made to do nothing (`asWriteStore`).
  db.updateIndexes = (store, table, before, after, done) => {
    store.commit(writesOf(db, table, { before, after })).then(() => done(null), done)
  }
  return dynalite
}

/**
 * The store as the write actions see it: what they change goes to `commit`, whole.
 *
 * Durable against the death of the process without LevelDB's `sync`: LevelDB hands each batch to the kernel
 * (write(2)) before it answers, and the page cache outlives the process. A power cut can lose the last moments.
 */
export function asWriteStore(store: Omit<Store, 'commit'>, commit: Store['commit'], lock?: ItemStore['lock']): Store {
  const skip = (...args: unknown[]) => (args.at(-1) as () => void)()
  return {
    ...store,
    commit,
    getItemDb: (table) => {
      const items = store.getItemDb(table)
      return { ...items, put: skip, del: skip, lock: lock ?? items.lock }
    },
  }
}

function writesOf(db: Dynalite['db'], table: Table, change: { before: Item | undefined; after: Item | null }): Write[] {
  const { before, after } = change
  const item = after ?? before
  if (!item) return []
  const writes: Write[] = []
  for (const kind of ['Local', 'Global'] as const) {
    const { puts, deletes } = db.getIndexActions(table[`${kind}SecondaryIndexes`] ?? [], before, after, table)
    const prefix = (index: string) => `index-${kind.toLowerCase()}~${table.TableName}~${index}~`
    for (const { index, key } of deletes) writes.push({ type: 'del', key: prefix(index) + key })
    for (const { index, key, item } of puts) writes.push({ type: 'put', key: prefix(index) + key, value: item })
  }
  const key = `item-${table.TableName}~${db.createKey(item, table)}`
  writes.push(after ? { type: 'put', key, value: after } : { type: 'del', key })
  return writes
}
