/**
 * The end of a batch: `batch.ended`, once, after its last line was settled. Each line adds its number to the set of ended
 * lines, which is the same however often it is added, and whoever finds the set whole announces: again after a crash, under
 * the same id.
 */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { BatchEndedEvent } from '../contract/event.ts'
import { GENERATION_STATUSES } from '../contract/generation.ts'
import { announceEvent } from './announce-event.ts'
import { type BatchItem, getLines, keyOf } from './batches.ts'
import type { GenerationItem } from './generations.ts'
import type { Queues } from './queues.ts'
import { conditional, type Table } from './store.ts'
import { totalUsageOf } from './usage-of.ts'

interface BatchContext {
  readonly table: Table
  readonly queues: Queues
  readonly publicUrl: string
}

/** The id of the event of a batch's end. */
const eventIdOf = (batchId: string): string => batchId.replace(/^batch_/, 'evt_')

/** Does nothing for a generation that is no line of a batch. The line must be settled. */
export const noteLineEnded = async (on: BatchContext, line: GenerationItem): Promise<void> => {
  const { account_id: accountId, batch_id: batchId, batch_line: at } = line
  if (batchId === undefined || at === undefined) return
  const noted = await conditional(
    on.table.client.send(
      new UpdateCommand({
        TableName: on.table.name,
        Key: keyOf({ accountId, batchId }),
        UpdateExpression: 'ADD ended_lines :line',
        ConditionExpression: 'attribute_exists(#lines)',
        ExpressionAttributeNames: { '#lines': 'lines' },
        ExpressionAttributeValues: { ':line': new Set([at]) },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  const batch = noted?.Attributes as (BatchItem & { ended_lines: ReadonlySet<number> }) | undefined
  if (batch !== undefined && batch.ended_lines.size === batch.lines.length) await announceEnd(on, batch)
}

const announceEnd = async (on: BatchContext, batch: BatchItem): Promise<void> => {
  const lines = [...(await getLines(on.table, batch)).values()]
  const timestamp = finishedAt(lines)
  const self = `${on.publicUrl}/v1/batches/${batch.id}`
  const data: BatchEndedEvent['data'] = {
    id: batch.id,
    created_at: new Date(batch.created_at).toISOString(),
    finished_at: new Date(timestamp).toISOString(),
    lines: batch.lines.length,
    progress: countStatuses(lines),
    usage: totalUsageOf(lines),
    links: { self, results: `${self}/results` },
  }
  const { account_id: accountId } = batch
  await announceEvent(on, { accountId, eventId: eventIdOf(batch.id), type: 'batch.ended', timestamp, data })
}

/** When the last of ended lines ended, epoch milliseconds. */
export const finishedAt = (lines: readonly GenerationItem[]): number =>
  Math.max(...lines.map(({ finished_at: at = 0 }) => at))

/** Lines by status. */
export const countStatuses = (lines: readonly GenerationItem[]): BatchEndedEvent['data']['progress'] =>
  Object.fromEntries(
    GENERATION_STATUSES.map((status) => [status, lines.filter((line) => line.status === status).length]),
  ) as BatchEndedEvent['data']['progress']
