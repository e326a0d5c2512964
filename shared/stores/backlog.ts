/** The work that waits: what the fleet is sized by. */
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb'
import type { GenerationItem } from './generations.ts'
import type { Table } from './store.ts'
import { DUE_INDEX, type DueKind } from './table.ts'

export interface WaitingWork {
  readonly generations: number
  /** NFEs that they may spend at most. */
  readonly nfe: number
  /** True when there is more than was read: the numbers are a lower bound. */
  readonly more: boolean
}

const KIND: DueKind = 'GENERATION'

/** Sums the queued generations, which are all in the due index, reading at most `maxPages` of a megabyte each. */
export const measureWaitingWork = async (table: Table, maxPages: number): Promise<WaitingWork> => {
  let generations = 0
  let nfe = 0
  let from: QueryCommandOutput['LastEvaluatedKey']
  for (let page = 0; page < maxPages; page++) {
    const { Items, LastEvaluatedKey } = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        IndexName: DUE_INDEX,
        KeyConditionExpression: 'duePk = :kind',
        FilterExpression: '#status = :queued',
        ProjectionExpression: 'nfe_budget',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':kind': `DUE#${KIND}`, ':queued': 'queued' },
        ExclusiveStartKey: from,
      }),
    )
    for (const { nfe_budget } of (Items ?? []) as Pick<GenerationItem, 'nfe_budget'>[]) {
      generations++
      nfe += nfe_budget
    }
    from = LastEvaluatedKey
    if (from === undefined) break
  }
  return { generations, nfe, more: from !== undefined }
}
