/**
 * What the payment provider was told of each settlement. The provider knows an event by its identifier for a day; after that
 * the same event is a new one to it. So this is written BEFORE each attempt, and what it cannot vouch for is never sent again.
 *
 *   sending   an attempt was made, and its outcome is not known: sent again, but only within the day
 *   sent      counted, for certain
 *   refused   not counted, for certain: may be sent again at any time
 *   unsure    in doubt, and the day is over: never sent again, a human decides by the report
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { batchGet } from './batch-get.ts'
import type { GenerationEntry } from './ledger.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey } from './table.ts'

export type MeterState = 'sending' | 'sent' | 'refused' | 'unsure'

export interface MeterRecord {
  readonly generation_id: string
  readonly account_id: string
  readonly nfe: number
  readonly state: MeterState
  readonly first_sent_at: number
  readonly attempts: number
  /** Why it was refused. */
  readonly reason?: string
}

export type Settlement = Pick<GenerationEntry, 'account_id' | 'generation_id' | 'nfe' | 'at'>

/** A provider keeps identifiers for 24 hours at least; an hour of it is for clocks and long requests. */
export const RESEND_WITHIN_MS = 23 * 3_600_000

const keyOf = ({ account_id, generation_id }: Pick<Settlement, 'account_id' | 'generation_id'>) =>
  accountItemKey(account_id, 'METER', generation_id)

/**
 * Takes note of an attempt that is about to be made. The record says whether it may be: only `sending` may.
 * Written twice it counts two attempts, of which neither is then sure that it was the only one.
 */
export const beginAttempt = async (table: Table, settlement: Settlement, now: number): Promise<MeterRecord> => {
  const { generation_id, account_id, nfe } = settlement
  const first: MeterRecord = { generation_id, account_id, nfe, state: 'sending', first_sent_at: now, attempts: 1 }
  const made = await conditional(
    table.client
      .send(
        new PutCommand({
          TableName: table.name,
          Item: { ...keyOf(settlement), ...first },
          ConditionExpression: 'attribute_not_exists(pk) OR #state = :refused',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':refused': 'refused' },
        }),
      )
      .then(() => first),
  )
  return made ?? (await repeatAttempt(table, settlement, now)) ?? (await endDoubt(table, settlement))
}

const repeatAttempt = async (table: Table, settlement: Settlement, now: number): Promise<MeterRecord | undefined> => {
  const repeated = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(settlement),
        UpdateExpression: 'SET attempts = attempts + :one',
        ConditionExpression: '#state = :sending AND first_sent_at > :dayAgo',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':one': 1, ':sending': 'sending', ':dayAgo': now - RESEND_WITHIN_MS },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return repeated?.Attributes as MeterRecord | undefined
}

/** The record as it stands, with `sending` made `unsure`: its day is over. */
const endDoubt = async (table: Table, settlement: Settlement): Promise<MeterRecord> => {
  await setState(table, settlement, { state: 'unsure' })
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(settlement), ConsistentRead: true }),
  )
  if (Item === undefined) throw new Error(`nothing is noted of ${settlement.generation_id}`)
  return Item as MeterRecord
}

/** Counted. Twice is once. */
export const noteSent = (table: Table, settlement: Settlement): Promise<void> =>
  setState(table, settlement, { state: 'sent' })

/** Not counted. Noted only when the refused attempt was the only one: another may have been counted. */
export const noteRefused = (table: Table, settlement: Settlement, reason: string): Promise<void> =>
  setState(table, settlement, { state: 'refused', reason })

/** Only `sending` changes, so what is certain stays. */
const setState = async (
  table: Table,
  settlement: Settlement,
  { state, reason }: { state: Exclude<MeterState, 'sending'>; reason?: string },
): Promise<void> => {
  const onlyAttempt = state === 'refused' ? ' AND attempts = :one' : ''
  await conditional(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: keyOf(settlement),
          UpdateExpression: `SET #state = :state${reason === undefined ? '' : ', reason = :reason'}`,
          ConditionExpression: `#state = :sending${onlyAttempt}`,
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: {
            ':state': state,
            ':sending': 'sending',
            ...(reason !== undefined && { ':reason': reason }),
            ...(state === 'refused' && { ':one': 1 }),
          },
        }),
      )
      .then(() => undefined),
  )
}

/** What is noted of these settlements, by generation. */
export const readMeterRecords = async (
  table: Table,
  settlements: readonly Settlement[],
): Promise<ReadonlyMap<string, MeterRecord>> => {
  const items = (await batchGet(table, settlements.map(keyOf))) as unknown as MeterRecord[]
  return new Map(items.map((item) => [item.generation_id, item]))
}
