/** The part of dynalite 4.0.0 that the DynamoDB emulator touches, as read from its source. */

/** A typed attribute, as on the wire: `{ S: 'text' }`, `{ N: '12' }`, ... */
export type Attribute = Record<string, unknown> & { N?: string }
export type Item = Record<string, Attribute>
export type Done<T = void> = (error: Error | null | undefined, value?: T) => void

export interface KeyElement {
  AttributeName: string
}

export interface SecondaryIndex {
  IndexName: string
  KeySchema: KeyElement[]
  IndexStatus?: string
}

export interface Table {
  TableName: string
  TableStatus: string
  KeySchema: KeyElement[]
  LocalSecondaryIndexes?: SecondaryIndex[]
  GlobalSecondaryIndexes?: SecondaryIndex[]
}

/** One entry of a LevelDB batch. */
export type Write = { type: 'put'; key: string; value: unknown } | { type: 'del'; key: string }

/** Level with JSON values; promises unless a callback is given. */
export interface Level {
  open(): Promise<void>
  get(key: string): Promise<unknown>
  put(key: string, value: unknown): Promise<void>
  del(key: string): Promise<void>
  batch(writes: Write[]): Promise<void>
  close(): Promise<void>
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, unknown]>
}

/** The items of one table: a prefix of the Level store, with a lock per key. */
export interface ItemStore {
  get(key: string, done: Done<Item>): void
  put(key: string, value: Item, done: Done): void
  del(key: string, done: Done): void
  /** `run` gets a wrapper that makes a callback release the lock when it is called. */
  lock(key: string, run: (release: (done: AnyDone) => AnyDone) => void): void
}

type AnyDone = (...result: unknown[]) => void

export interface Store {
  db: Level
  getItemDb(table: string): ItemStore
  getTable(table: string, mustBeActive: boolean, done: Done<Table>): void
  /** Not dynalite's: where the repaired actions hand over their writes (see dynamodb-repairs.ts). */
  commit(writes: Write[]): Promise<void>
}

/** An error that is an answer: `body` goes to the client with `statusCode`. */
export interface DynamoDbError extends Error {
  statusCode: number
  body: { __type: string; message?: string; Item?: Item }
}

/** A request whose expressions dynalite has parsed; opaque but for the fields that the repairs read. */
export type Request = Record<string, unknown> & {
  TableName: string
  Key?: Item
  Item?: Item
  ReturnValuesOnConditionCheckFailure?: string
}

export interface DynaliteAction {
  run(store: Store, request: Request, done: Done<Record<string, unknown>>): void
  types: Record<string, unknown>
  custom?: unknown
}

export interface Dynalite {
  db: {
    create(options: object): Omit<Store, 'commit'>
    createKey(key: Item, table: Table): string
    validateKey(key: Item, table: Table): Error | null | undefined
    checkConditional(request: Request, item: Item | undefined): DynamoDbError | null | undefined
    updateIndexes(store: Store, table: Table, before: Item | undefined, after: Item | null, done: Done): void
    getIndexActions(
      indexes: SecondaryIndex[],
      before: Item | undefined,
      after: Item | null,
      table: Table,
    ): { puts: { index: string; key: string; item: Item }[]; deletes: { index: string; key: string }[] }
  }
  checkTypes(body: object, types: object): Request
  checkValidations(request: Request, types: object, custom: unknown, store: Store): void
  action(name: string): DynaliteAction
}
