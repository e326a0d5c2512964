/** The work that is open: what the fleet is sized by, and what decides who is let in. */
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb'
import { type FleetReading, MAX_HEAVIEST } from '../domain/admission.ts'
import type { GenerationItem } from './generations.ts'
import type { Table } from './store.ts'
import { DUE_INDEX, type DueKind } from './table.ts'

export interface OpenWork extends Pick<FleetReading, 'queuedNfe' | 'runningNfe' | 'running' | 'accounts' | 'heaviest'> {
  readonly queued: number
  /** True when there is more than was read: the numbers are a lower bound. */
  readonly more: boolean
}

const KIND: DueKind = 'GENERATION'

type Open = Pick<GenerationItem, 'nfe_budget' | 'account_id' | 'status'>

/** Sums the open generations, which are all in the due index, reading at most `maxPages` of a megabyte each. */
export const measureOpenWork = async (table: Table, maxPages: number): Promise<OpenWork> => {
  const queuedBy = new Map<string, number>()
  const sums = { queued: 0, queuedNfe: 0, running: 0, runningNfe: 0 }
  let from: QueryCommandOutput['LastEvaluatedKey']
  for (let page = 0; page < maxPages; page++) {
    const { Items, LastEvaluatedKey } = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'duePk = :kind',
        FilterExpression: '#status IN (:queued, :running)',
        ProjectionExpression: 'nfe_budget, account_id, #status',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':kind': `DUE#${KIND}`, ':queued': 'queued', ':running': 'running' },
        ExclusiveStartKey: from,
      }),
    )
    for (const { nfe_budget: nfe, account_id: account, status } of (Items ?? []) as Open[]) {
      const isQueued = status === 'queued'
      sums[isQueued ? 'queued' : 'running']++
      sums[isQueued ? 'queuedNfe' : 'runningNfe'] += nfe
      queuedBy.set(account, (queuedBy.get(account) ?? 0) + (isQueued ? nfe : 0))
    }
    from = LastEvaluatedKey
    if (from === undefined) break
  }
  const heaviest = [...queuedBy]
    .filter(([, nfe]) => nfe > 0)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_HEAVIEST)
  return { ...sums, accounts: queuedBy.size, heaviest, more: from !== undefined }
}
