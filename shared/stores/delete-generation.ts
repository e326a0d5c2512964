/**
 * Deletes an ended generation: what it drew and what was asked go, what was charged stays. First the item says so and shows
 * nothing any more, then its objects go, then it leaves the due index; whoever stops in between, the sweep goes on.
 */
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { hasExpired } from '../domain/retention.ts'
import { type GenerationItem, keyOf, type Named } from './generations.ts'
import { deleteLiveEvents } from './live-events.ts'
import type { Bucket } from './outputs.ts'
import { conditional, type Table } from './store.ts'
import { dueAt } from './table.ts'

export interface Deletion {
  readonly table: Table
  readonly bucket: Bucket
  readonly now: () => number
}

/** Every folder of the bucket that keeps objects of a generation, below its account and id. */
const OBJECT_FOLDERS = ['outputs', 'traces', 'checkpoints', 'previews']

/** What the books need of it: who, when, how much, at what price. Everything else goes. */
const CONTENT = ['prompt', 'reward', 'result', 'error', 'metadata', 'webhook_url', 'progress', 'seed', 'target_reward']

/** False when it has not ended, or is not yet settled and announced. Any number of times, by anybody. */
export const deleteGeneration = async (on: Deletion, named: Named): Promise<boolean> => {
  if (!(await markDeleted(on, named))) return false
  await deleteObjects(on.bucket, named)
  await deleteLiveEvents(on.table, named)
  await conditional(
    on.table.client.send(
      new UpdateCommand({
        TableName: on.table.name,
        Key: keyOf(named),
        UpdateExpression: 'REMOVE duePk, dueSk, outputs, trace, checkpoint, #resume',
        ConditionExpression: 'attribute_exists(deleted_at)',
        ExpressionAttributeNames: { '#resume': 'resume' },
      }),
    ),
  )
  return true
}

/** Deletes what is due for it, and what an edge left under an id that was given up; the index may lag, so the item is asked. */
export const deleteIfExpired = async (on: Deletion, named: Named): Promise<boolean> => {
  const { Item } = await on.table.client.send(
    new GetCommand({ TableName: on.table.name, Key: keyOf(named), ConsistentRead: true }),
  )
  if (Item === undefined) return false
  if ('abandoned' in Item) return sweepAbandoned(on, named)
  const begun = 'deleted_at' in Item
  return begun || hasExpired(Item as GenerationItem, on.now()) ? deleteGeneration(on, named) : false
}

/** The item stays: the id must not be written any more. */
const sweepAbandoned = async (on: Deletion, named: Named): Promise<boolean> => {
  await deleteObjects(on.bucket, named)
  await conditional(
    on.table.client.send(
      new UpdateCommand({
        TableName: on.table.name,
        Key: keyOf(named),
        UpdateExpression: 'REMOVE duePk, dueSk',
        ConditionExpression: 'attribute_exists(abandoned)',
      }),
    ),
  )
  return true
}

/** Due for the sweep from now on, should this process not live to delete the objects. */
const markDeleted = async (on: Deletion, named: Named): Promise<boolean> => {
  const due = dueAt('RETENTION', on.now())
  const marked = await conditional(
    on.table.client
      .send(
        new UpdateCommand({
          TableName: on.table.name,
          Key: keyOf(named),
          UpdateExpression: `SET deleted_at = if_not_exists(deleted_at, :now), duePk = :duePk, dueSk = :dueSk REMOVE ${CONTENT.map((name) => `#${name}`).join(', ')}`,
          // Due for anything but deletion, it still owes a settlement or an event, which are made from what is here.
          ConditionExpression:
            'attribute_exists(deleted_at) OR (attribute_exists(finished_at) AND (attribute_not_exists(duePk) OR duePk = :duePk))',
          ExpressionAttributeNames: Object.fromEntries(CONTENT.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: { ':now': on.now(), ':duePk': due.duePk, ':dueSk': due.dueSk },
        }),
      )
      .then(() => true),
  )
  return marked ?? false
}

/** By folder, not by the keys the item names: attempts that lost their lease left objects too. */
const deleteObjects = async (bucket: Bucket, { accountId, generationId }: Named): Promise<void> => {
  for (const folder of OBJECT_FOLDERS) {
    const at = { Bucket: bucket.name, Prefix: `${folder}/${accountId}/${generationId}/` }
    for (;;) {
      const { Contents = [], IsTruncated } = await bucket.client.send(new ListObjectsV2Command(at))
      for (const { Key } of Contents) await bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key }))
      if (IsTruncated !== true || Contents.length === 0) break
    }
  }
}
