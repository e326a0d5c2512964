/**
 * Generations that wait at their account before they are queued. An account has no more messages in the queue than its share
 * (domain/admission.ts); what it asks for beyond that is accepted and held, and `waits`. When one of its own begins or ends,
 * the oldest that waits is sent. So an account that floods stands in its own line, nobody else stands behind it, and accounts
 * take turns.
 *
 * Both hold and generation say that it waits. The generation's mark goes first, then the message, then the hold's: whoever dies
 * between leaves a hold that still waits, for the next to end or for reconcile, and a message too many is harmless.
 */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { Priority } from '../contract/priority.ts'
import { messagesAtOnce } from '../domain/admission.ts'
import { isNoted, nextInLine } from '../domain/line.ts'
import { type Account, getAccount } from './accounts.ts'
import type { FleetReader } from './fleet-reading.ts'
import { keyOf, type Named } from './generations.ts'
import { type Queues, sendGenerationMessage } from './queues.ts'
import { conditional, type Table } from './store.ts'
import { accountKey } from './table.ts'

export interface Sending {
  readonly table: Table
  readonly queues: Queues
  readonly fleet: FleetReader
}

/** Sends those whose turn it is, as the account stands; how many. Without a reading of the fleet nobody need wait. May run any number of times, and beside itself. */
export const sendWaiting = async (on: Sending, account: Pick<Account, 'id' | 'holds'>): Promise<number> => {
  if (!Object.values(account.holds).some(({ waits }) => waits === true)) return 0
  const reading = await on.fleet()
  const atOnce = reading === undefined ? Number.POSITIVE_INFINITY : messagesAtOnce(reading)
  let sent = 0
  for (const { generationId, priority } of nextInLine(account.holds, atOnce))
    if (await sendOne(on, { accountId: account.id, generationId }, priority)) sent++
  return sent
}

/**
 * Its generation has begun: its message stands in the line no more, and the next is sent. Costs a read; a write only where
 * others of the account may have to wait for it. Noted twice it is noted once.
 */
export const leaveLine = async (on: Sending, { accountId, generationId }: Named): Promise<void> => {
  const reading = await on.fleet()
  if (reading === undefined) return
  const holds = (await getAccount(on.table, accountId))?.holds ?? {}
  const hold = holds[generationId]
  if (hold === undefined || hold.at_work === true) return
  if (!isNoted(holds, { priority: hold.priority, messagesAtOnce: messagesAtOnce(reading) })) return
  const marked = await conditional(
    on.table.client.send(
      new UpdateCommand({
        TableName: on.table.name,
        Key: accountKey(accountId),
        UpdateExpression: 'SET holds.#id.at_work = :true REMOVE holds.#id.waits',
        // Settled meanwhile: who ended it sends the next.
        ConditionExpression: 'attribute_exists(holds.#id)',
        ExpressionAttributeNames: { '#id': generationId },
        ExpressionAttributeValues: { ':true': true },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  if (marked !== undefined) await sendWaiting(on, marked.Attributes as Account)
}

/** False when the generation is not written yet, or was given up: then whoever wrote its hold is still at it. */
const sendOne = async (on: Sending, named: Named, priority: Priority): Promise<boolean> => {
  const unmarked = await conditional(
    on.table.client
      .send(
        new UpdateCommand({
          TableName: on.table.name,
          Key: keyOf(named),
          UpdateExpression: 'REMOVE waits',
          ConditionExpression: 'attribute_exists(#status)',
          ExpressionAttributeNames: { '#status': 'status' },
        }),
      )
      .then(() => true),
  )
  if (!unmarked) return false
  await sendGenerationMessage(on.queues, { id: named.generationId, account_id: named.accountId, priority })
  await conditional(
    on.table.client.send(
      new UpdateCommand({
        TableName: on.table.name,
        Key: accountKey(named.accountId),
        UpdateExpression: 'REMOVE holds.#id.waits',
        // Settled meanwhile: there is nothing to mark any more.
        ConditionExpression: 'attribute_exists(holds.#id)',
        ExpressionAttributeNames: { '#id': named.generationId },
      }),
    ),
  )
  return true
}
