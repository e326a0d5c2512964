/**
 * Tells an account that its credit runs out: an event for each alert that the credit not yet spent (balance + held) has
 * fallen below, once between two credits. Only a settlement spends, so whoever completes a generation looks.
 *
 * The mark on the account decides who tells and what is told; the event's id comes from it. So a mark whose writer died is
 * announced by whoever completes the generation again, and the same event twice is owed once.
 */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { BalanceLowEvent } from '../contract/event.ts'
import { eventIdAt } from '../domain/event-id.ts'
import { type Account, getAccount } from './accounts.ts'
import { announceEvent } from './announce-event.ts'
import type { Queues } from './queues.ts'
import { conditional, type Table } from './store.ts'
import { accountKey } from './table.ts'

/** That an alert was given. */
export interface AlertMark {
  /** All credit there had been: more credit arms the alert again. */
  readonly credited_micro_usd: number
  readonly unspent_micro_usd: number
  readonly at: number
  readonly announced: boolean
}

interface AlertContext {
  readonly table: Table
  readonly queues: Queues
  readonly publicUrl: string
}

/**
 * May run any number of times after a settlement.
 * @param settled the account as the settlement left it; read when the settlement was made before, by somebody who may have died.
 */
export const announceLowBalance = async (
  on: AlertContext,
  { accountId, settled, at }: { accountId: string; settled: Account | undefined; at: number },
): Promise<void> => {
  const account = settled ?? (await getAccount(on.table, accountId))
  if (account === undefined) return
  const unspent = account.balance_micro_usd + account.held_micro_usd
  const { credited_micro_usd } = account
  for (const alert of account.balance_alerts_micro_usd) {
    const given = account.alerted[alert]
    if (unspent >= alert || (given?.announced && given.credited_micro_usd === credited_micro_usd)) continue
    const mark = { credited_micro_usd, unspent_micro_usd: unspent, at, announced: false }
    const standing = await markAlert(on.table, { accountId, alert, mark })
    if (standing === undefined || standing.announced) continue
    await announceAlert(on, { accountId, alert, mark: standing })
    await noteAnnounced(on.table, { accountId, alert, mark: standing })
  }
}

interface Marked {
  readonly accountId: string
  readonly alert: number
  readonly mark: AlertMark
}

/** The mark that stands for this much credit, made now or before; undefined when there has been more credit and an alert since. */
const markAlert = async (table: Table, { accountId, alert, mark }: Marked): Promise<AlertMark | undefined> => {
  const written = await conditional(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: accountKey(accountId),
          UpdateExpression: 'SET alerted.#alert = :mark',
          ConditionExpression:
            'attribute_exists(pk) AND (attribute_not_exists(alerted.#alert) OR alerted.#alert.credited_micro_usd < :credited)',
          ExpressionAttributeNames: { '#alert': String(alert) },
          ExpressionAttributeValues: { ':mark': mark, ':credited': mark.credited_micro_usd },
        }),
      )
      .then(() => true),
  )
  if (written) return mark
  const standing = (await getAccount(table, accountId))?.alerted[alert]
  return standing?.credited_micro_usd === mark.credited_micro_usd ? standing : undefined
}

const announceAlert = (on: AlertContext, { accountId, alert, mark }: Marked): Promise<void> => {
  const { credited_micro_usd, unspent_micro_usd, at } = mark
  const data: BalanceLowEvent['data'] = {
    account_id: accountId,
    alert_micro_usd: alert,
    unspent_micro_usd,
    credited_micro_usd,
    links: { self: `${on.publicUrl}/v1/account` },
  }
  const eventId = eventIdAt(at, `${accountId} balance_low ${alert} ${credited_micro_usd}`)
  return announceEvent(on, { accountId, eventId, type: 'account.balance_low', timestamp: at, data })
}

const noteAnnounced = async (table: Table, { accountId, alert, mark }: Marked): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountKey(accountId),
        UpdateExpression: 'SET alerted.#alert.announced = :yes',
        ConditionExpression: 'alerted.#alert.credited_micro_usd = :credited',
        ExpressionAttributeNames: { '#alert': String(alert) },
        ExpressionAttributeValues: { ':yes': true, ':credited': mark.credited_micro_usd },
      }),
    ),
  )
}
