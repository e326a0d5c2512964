/** Operations by name: dynalite's own, behind promises, and the answers it gives for errors. */
import { promisify } from 'node:util'
import { repairedDynalite } from './dynamodb-repairs.ts'
import type { DynaliteAction, DynamoDbError, Item, Request, Store, Table } from './types-dynamodb.ts'

export type Operation = (store: Store, body: Record<string, unknown>) => Promise<object>

export const DYNALITE_OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
] as const

export type DynaliteOperation = (typeof DYNALITE_OPERATIONS)[number]

/** An error that the client sees as `type` with `message` (status 400). */
export function answer(type: string, message: string, more: object = {}): DynamoDbError {
  const body = { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, ...more }
  return Object.assign(new Error(message), { statusCode: 400, body })
}

const action = (name: DynaliteOperation): DynaliteAction =>
  repairedDynalite().action(name.charAt(0).toLowerCase() + name.slice(1))

/** Checks a body against the operation's types and parses its expressions. @throws DynamoDbError */
export function parseRequest(store: Store, name: DynaliteOperation, body: object): Request {
  const { types, custom } = action(name)
  const { checkTypes, checkValidations } = repairedDynalite()
  const request = checkTypes(body, types)
  checkValidations(request, types, custom, store)
  return request
}

/** Runs one of dynalite's operations on a parsed request. @throws DynamoDbError */
export async function runRequest(store: Store, name: DynaliteOperation, request: Request): Promise<object> {
  const { run } = action(name)
  return (await promisify(run)(store, request)) ?? {}
}

/** An active table. @throws DynamoDbError ResourceNotFoundException */
export async function tableOf(store: Store, name: string): Promise<Table> {
  const table = await promisify(store.getTable)(name, true)
  if (!table) throw answer('ResourceNotFoundException', 'Requested resource not found')
  return table
}

/** The primary key attributes of an item. */
export function primaryKey(table: Table, item: Item): Item {
  const key: Item = {}
  for (const { AttributeName } of table.KeySchema) {
    const value = item[AttributeName]
    if (value !== undefined) key[AttributeName] = value
  }
  return key
}
