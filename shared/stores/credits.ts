/** Credits: money paid in. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import { creditEntry, ledgerKey } from './ledger.ts'
import type { Table } from './store.ts'
import { accountItemKey, accountKey } from './table.ts'

export type CreditOutcome = 'credited' | 'credited before' | 'no account' | 'other amount'

export interface Credit {
  readonly accountId: string
  /** Chosen by the payer. */
  readonly id: string
  readonly microUsd: number
  readonly at: number
}

/**
 * Adds credit once per credit id: the mark of the id, the ledger entry and the balance change in one transaction, so none
 * exists alone, and a second time finds the mark.
 */
export const creditAccount = async (table: Table, credit: Credit): Promise<CreditOutcome> => {
  const mark = accountItemKey(credit.accountId, 'CREDIT', credit.id)
  const entry = creditEntry(credit)
  const put = (Item: object) => ({
    Put: { TableName: table.name, Item, ConditionExpression: 'attribute_not_exists(pk)' },
  })
  try {
    await table.client.send(
      new TransactWriteCommand({
        TransactItems: [
          put({ ...mark, micro_usd: credit.microUsd, at: credit.at }),
          {
            Update: {
              TableName: table.name,
              Key: accountKey(credit.accountId),
              UpdateExpression:
                'SET balance_micro_usd = balance_micro_usd + :amount, credited_micro_usd = credited_micro_usd + :amount',
              ConditionExpression: 'attribute_exists(pk)',
              ExpressionAttributeValues: { ':amount': credit.microUsd },
            },
          },
          put({ ...ledgerKey(entry), ...entry }),
        ],
      }),
    )
    return 'credited'
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error
    const [markReason, accountReason] = error.CancellationReasons ?? []
    if (accountReason?.Code === 'ConditionalCheckFailed') return 'no account'
    if (markReason?.Code !== 'ConditionalCheckFailed') throw error
    const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key: mark, ConsistentRead: true }))
    return Item?.['micro_usd'] === credit.microUsd ? 'credited before' : 'other amount'
  }
}
