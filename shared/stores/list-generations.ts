/** An account's generations, newest first, a page at a time. Ids sort by time, so times are ranges of the sort key. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb'
import { encodeTime } from 'ulid'
import type { GenerationStatus } from '../contract/generation.ts'
import { hasExpired } from '../domain/retention.ts'
import type { GenerationItem } from './generations.ts'
import type { Table } from './store.ts'
import { accountItemKey } from './table.ts'

export interface ListGenerations {
  readonly accountId: string
  readonly limit: number
  /** Id of the last generation of the page before. */
  readonly after?: string
  /** Epoch milliseconds, inclusive. */
  readonly createdFrom?: number
  /** Epoch milliseconds, exclusive. */
  readonly createdBefore?: number
  readonly status?: GenerationStatus
  readonly pack?: string
  readonly batchId?: string
  readonly now: number
}

export interface GenerationPage {
  readonly items: readonly GenerationItem[]
  /** Where the next page begins; undefined at the end. */
  readonly next?: string
}

/** Items read for one page at most: a rare status must not make one request read everything. Such a page may be short, or empty. */
const MAX_READ = 2000
const QUERY_LIMIT = 250

export const listGenerations = async (table: Table, list: ListGenerations): Promise<GenerationPage> => {
  // DynamoDB refuses a range whose end comes before its beginning.
  if ((list.createdFrom ?? 0) >= (list.createdBefore ?? Infinity)) return { items: [] }
  const found: GenerationItem[] = []
  let after = list.after
  for (let read = 0; read < MAX_READ; read += QUERY_LIMIT) {
    const { Items = [], LastEvaluatedKey } = await queryPage(table, list, after)
    found.push(...(Items as GenerationItem[]).filter((item) => !hasExpired(item, list.now)))
    const last = found[list.limit - 1]
    if (last !== undefined && (found.length > list.limit || LastEvaluatedKey !== undefined))
      return { items: found.slice(0, list.limit), next: last.id }
    if (LastEvaluatedKey === undefined) return { items: found }
    after = String(LastEvaluatedKey['sk']).slice('GENERATION#'.length)
  }
  return { items: found, ...(after !== undefined && { next: after }) }
}

/** Times that no id can have are the nearest that one can. */
const timeOf = (epochMs: number): string => encodeTime(Math.min(Math.max(epochMs, 0), 2 ** 48 - 1))

const queryPage = (table: Table, list: ListGenerations, after: string | undefined) => {
  const key = (id: string) => accountItemKey(list.accountId, 'GENERATION', id)
  const equal = { status: list.status, pack: list.pack, batch_id: list.batchId }
  const asked = Object.entries(equal).filter(([, value]) => value !== undefined)
  // What was never written or is deleted has no place in a list; both lack a prompt.
  const filters = ['attribute_exists(prompt)', ...asked.map(([name]) => `#${name} = :${name}`)]
  return table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      FilterExpression: filters.join(' AND '),
      ...(asked.length > 0 && {
        ExpressionAttributeNames: Object.fromEntries(asked.map(([name]) => [`#${name}`, name])),
      }),
      ExpressionAttributeValues: {
        ':pk': key('').pk,
        ':from': key(`gen_${list.createdFrom === undefined ? '' : timeOf(list.createdFrom)}`).sk,
        ':to': key(`gen_${list.createdBefore === undefined ? '~' : timeOf(list.createdBefore)}`).sk,
        ...Object.fromEntries(asked.map(([name, value]) => [`:${name}`, value])),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: QUERY_LIMIT,
      ...(after !== undefined && { ExclusiveStartKey: key(after) }),
    }),
  )
}
