/**
 * Cancels a generation, and ends those that nobody will work on any more.
 *
 * One that no runner holds ends here and costs nothing. One that a runner holds gets a mark: the runner sees it, stops,
 * and ends it with the best so far. Should that runner die, whoever finds the marked item next ends it here.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { UNWORKED_CANCEL, type UnworkedEnding } from '../domain/unworked-ending.ts'
import { type GenerationItem, getGeneration, isTerminal, keyOf, type Named, NO_LEASE } from './generations.ts'
import { conditional, type Table } from './store.ts'
import { dueAt } from './table.ts'

export type CancelOutcome =
  | { readonly kind: 'ended here'; readonly generation: GenerationItem }
  | { readonly kind: 'asked its runner'; readonly generation: GenerationItem }
  | { readonly kind: 'had ended'; readonly generation: GenerationItem }
  | { readonly kind: 'unknown' }

interface When {
  readonly now: number
  /** When reconcile looks at it, should its settlement not follow. */
  readonly reviewAt: number
}

/** A lease can be taken or given back between the read and the write; each try looks again. */
const TRIES = 8

/** Asked again it answers the same and changes nothing. Rejects when the item changed hands at every try. */
export const cancelGeneration = async (table: Table, cancel: Named & When): Promise<CancelOutcome> => {
  for (let tries = 0; tries < TRIES; tries++) {
    const generation = await getGeneration(table, cancel)
    if (generation === undefined) return { kind: 'unknown' }
    if (isTerminal(generation.status)) return { kind: 'had ended', generation }
    const ended = await endUnworked(table, { ...cancel, generation, ending: UNWORKED_CANCEL })
    if (ended !== undefined) return { kind: 'ended here', generation: ended }
    const marked = await markCanceled(table, cancel)
    if (marked !== undefined) return { kind: 'asked its runner', generation: marked }
  }
  throw new Error(`generation ${cancel.generationId} changed hands ${TRIES} times`)
}

/**
 * Ends an open generation without any work: free, whatever was begun before. The ended item; undefined when somebody holds
 * the lease, or held it since `generation` was read, or it has ended. So of many such writes one wins, once.
 */
export const endUnworked = async (
  table: Table,
  end: When & { generation: GenerationItem; ending: UnworkedEnding },
): Promise<GenerationItem | undefined> => {
  const { id: generationId, account_id: accountId, fence } = end.generation
  const written = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf({ accountId, generationId }),
        UpdateExpression:
          'SET #status = :ended, stop_reason = :reason, nfe_used = :none, finished_at = :now, dueSk = :review REMOVE lease_until',
        ConditionExpression: `#status IN (:queued, :running) AND fence = :fence AND ${NO_LEASE}`,
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':ended': end.ending.status,
          ':reason': end.ending.stop_reason,
          ':none': end.ending.nfe_used,
          ':now': end.now,
          ':review': dueAt('GENERATION', end.reviewAt).dueSk,
          ':queued': 'queued',
          ':running': 'running',
          ':fence': fence,
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return written?.Attributes as GenerationItem | undefined
}

/** Leaves the mark for the runner at work; the first asker's time stays. */
const markCanceled = async (table: Table, cancel: Named & When): Promise<GenerationItem | undefined> => {
  const written = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(cancel),
        UpdateExpression: 'SET cancel_requested_at = if_not_exists(cancel_requested_at, :now)',
        ConditionExpression: '#status = :running',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':now': cancel.now, ':running': 'running' },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return written?.Attributes as GenerationItem | undefined
}

/** Whether somebody asked to cancel it. May lag behind by a second: eventually consistent, for a runner that asks often. */
export const isCancelRequested = async (table: Table, named: Named): Promise<boolean> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(named), ProjectionExpression: 'cancel_requested_at' }),
  )
  return Item?.['cancel_requested_at'] !== undefined
}
