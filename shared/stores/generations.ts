/**
 * The generation item: the source of truth for what was asked and how it ended.
 *
 * A runner works under a lease. Taking it raises the fence by one, and every later write of that runner is conditional on
 * its fence: a runner that lost its lease can write nothing more, so a generation ends exactly once.
 */
import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { GenerationStatus, Progress, Result, StopReason } from '../contract/generation.ts'
import type { Metadata } from '../contract/metadata.ts'
import type { OutputFormat } from '../contract/output.ts'
import type { Priority } from '../contract/priority.ts'
import type { SearchName } from '../contract/search-names.ts'
import type { Reward } from '../domain/reward.ts'
import { type UnworkedEnding, unworkedEnding } from '../domain/unworked-ending.ts'
import { conditional, type Table } from './store.ts'
import type { StoredOutput } from './stored-output.ts'
import { accountItemKey, dueAt } from './table.ts'

/** A state of a search, as stored. */
export interface StoredCheckpoint {
  readonly key: string
  readonly bytes: number
  readonly sha256: string
}

/** The state that a search ended in, for an extension to go on from. */
export interface EndCheckpoint extends StoredCheckpoint {
  /** The fewest NFEs that it goes on with; 1 unless said. */
  readonly least_nfe?: number
}

/** Where an interrupted search goes on: the newest state that a holder of the lease has stored. */
export interface ResumePoint extends StoredCheckpoint {
  /** NFEs of this generation up to there. */
  readonly nfe_used: number
}

/** A trace as stored: its place in the bucket, not a link. */
export interface StoredTrace {
  readonly key: string
  readonly bytes: number
  readonly lines: number
  readonly sha256: string
  /** The profile that the search was planned by. */
  readonly profile_sha256?: string
}

export interface GenerationItem {
  readonly id: string
  readonly account_id: string
  readonly status: GenerationStatus
  readonly pack: string
  readonly prompt: string
  readonly reward: Reward
  readonly search: SearchName
  readonly seed: number
  readonly nfe_budget: number
  readonly target_reward?: number
  /** One unless said. */
  readonly n_outputs?: number
  /** PNG unless said: of items from before packs of paths. */
  readonly format?: OutputFormat
  readonly previews?: boolean
  /** Standard unless said. */
  readonly priority?: Priority
  /** The search stops here with its best so far. */
  readonly deadline_at?: number
  /** It expires here unless it has started. */
  readonly start_by?: number
  /** Somebody asked to cancel it: set once, never taken back. */
  readonly cancel_requested_at?: number
  readonly webhook_url?: string
  readonly metadata?: Metadata
  readonly retention_seconds?: number
  /** The batch it is a line of, and which, from 0. */
  readonly batch_id?: string
  readonly batch_line?: number
  readonly micro_usd_per_nfe: number
  /** Version of the price list that the price is from. */
  readonly price_list: string
  /** When it was expected to begin, as it was accepted. */
  readonly estimated_start_at?: number
  /** Its message is sent when others of its account have ended: see send-waiting.ts. */
  readonly waits?: true
  /** The key that asked for it. */
  readonly key_id: string
  readonly created_at: number
  readonly fence: number
  readonly lease_until?: number
  /** Leases taken since its search last got on: each checkpoint and each hand-back begins anew. */
  readonly tries?: number
  readonly resume?: ResumePoint
  readonly started_at?: number
  readonly progress?: Progress
  readonly finished_at?: number
  readonly stop_reason?: StopReason
  readonly nfe_used?: number
  readonly result?: Result
  readonly outputs?: readonly StoredOutput[]
  /** Images that the content policy held back. */
  readonly outputs_held_back?: number
  readonly trace?: StoredTrace
  /** Where its search can go on from. */
  readonly checkpoint?: EndCheckpoint
  /** Whose search it goes on with, and from which state: a copy of its own, that stays when the other is deleted. */
  readonly extends?: { readonly generation_id: string; readonly checkpoint: StoredCheckpoint }
  readonly error?: { readonly code: string; readonly detail: string }
}

export const isTerminal = (status: GenerationStatus): boolean => status !== 'queued' && status !== 'running'

export interface Named {
  readonly accountId: string
  readonly generationId: string
}

export const keyOf = ({ accountId, generationId }: Named) => accountItemKey(accountId, 'GENERATION', generationId)

/**
 * Writes a new generation, due for review at `reviewAt` should its message get lost. An SDK retry can meet its own write,
 * so finding the item is success too; false only when reconcile had abandoned this id (see abandonGeneration).
 */
export const putGeneration = async (table: Table, item: GenerationItem, reviewAt: number): Promise<boolean> => {
  const written = await conditional(
    table.client
      .send(
        new PutCommand({
          TableName: table.name,
          Item: {
            ...item,
            ...keyOf({ accountId: item.account_id, generationId: item.id }),
            ...dueAt('GENERATION', reviewAt),
          },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      .then(() => true),
    ({ Item }) => Item?.['abandoned'] === undefined,
  )
  return written ?? false
}

/** An edge that stalled may still store an object under an id that was given up; it does not stall for so long. */
const ABANDONED_MS = 3_600_000

/**
 * Takes the place of a generation that was never written, so that a stalled edge can no longer write it: only then is its
 * hold free to release. What may have been stored for it is swept later. False when the generation exists after all.
 */
export const abandonGeneration = async (table: Table, named: Named & { at: number }): Promise<boolean> => {
  const written = await conditional(
    table.client
      .send(
        new PutCommand({
          TableName: table.name,
          Item: {
            ...keyOf(named),
            id: named.generationId,
            account_id: named.accountId,
            abandoned: named.at,
            ...dueAt('RETENTION', named.at + ABANDONED_MS),
          },
          ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(abandoned)',
        }),
      )
      .then(() => true),
  )
  return written ?? false
}

export const getGeneration = async (table: Table, named: Named): Promise<GenerationItem | undefined> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(named), ConsistentRead: true }),
  )
  return Item === undefined || 'abandoned' in Item || 'deleted_at' in Item ? undefined : (Item as GenerationItem)
}

/** Condition: nobody works on it at `:now`. */
export const NO_LEASE = '(attribute_not_exists(lease_until) OR lease_until < :now)'

/** Condition: nothing says that it must end instead of being worked on; the counterpart of `unworkedEnding`. */
const STILL_WANTED =
  'attribute_not_exists(cancel_requested_at) AND (attribute_not_exists(deadline_at) OR deadline_at > :now) AND (attribute_not_exists(start_by) OR start_by > :now OR attribute_exists(started_at))'

/** What stands under a generation's id. */
export type Written =
  | { readonly kind: 'written'; readonly generation: GenerationItem }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'nothing' }

export const findWritten = async (table: Table, named: Named): Promise<Written> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(named), ConsistentRead: true }),
  )
  if (Item === undefined) return { kind: 'nothing' }
  if ('deleted_at' in Item) return { kind: 'deleted' }
  return 'abandoned' in Item ? { kind: 'abandoned' } : { kind: 'written', generation: Item as GenerationItem }
}

export type LeaseOutcome =
  | { readonly kind: 'leased'; readonly generation: GenerationItem }
  | { readonly kind: 'held by another'; readonly until: number }
  /** `closed`: settled and announced, too. */
  | { readonly kind: 'ended'; readonly generation: GenerationItem; readonly closed: boolean }
  /** Not leased, because it must end without any more work: see end-unworked.ts. */
  | { readonly kind: 'to end'; readonly generation: GenerationItem; readonly ending: UnworkedEnding }
  | { readonly kind: 'unknown' }

/** Takes the lease when nobody holds it and work is still wanted: fence + 1, status `running`. */
export const leaseGeneration = async (
  table: Table,
  lease: Named & { now: number; leaseMs: number },
): Promise<LeaseOutcome> => {
  const taken = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(lease),
        UpdateExpression:
          'SET #status = :running, fence = fence + :one, tries = if_not_exists(tries, :none) + :one, lease_until = :until, started_at = if_not_exists(started_at, :now), dueSk = :review',
        ConditionExpression: `attribute_exists(pk) AND #status IN (:queued, :running) AND ${NO_LEASE} AND ${STILL_WANTED}`,
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':running': 'running',
          ':queued': 'queued',
          ':one': 1,
          ':none': 0,
          ':now': lease.now,
          ':until': lease.now + lease.leaseMs,
          ':review': dueAt('GENERATION', lease.now + 2 * lease.leaseMs).dueSk,
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  if (taken?.Attributes !== undefined) return { kind: 'leased', generation: taken.Attributes as GenerationItem }
  const generation = await getGeneration(table, lease)
  if (generation === undefined) return { kind: 'unknown' }
  if (isTerminal(generation.status)) return { kind: 'ended', generation, closed: isClosed(generation) }
  const ending = unworkedEnding(generation, lease.now)
  if (ending !== undefined) return { kind: 'to end', generation, ending }
  return { kind: 'held by another', until: generation.lease_until ?? lease.now }
}

interface Fenced extends Named {
  readonly fence: number
}

/** One write of the lease's holder; false when the lease was lost. */
const fencedUpdate = async (
  table: Table,
  { fence, set, remove, ...named }: Fenced & { set: Record<string, unknown>; remove?: readonly string[] },
): Promise<boolean> => {
  const names = Object.fromEntries([...Object.keys(set), ...(remove ?? [])].map((name) => [`#${name}`, name]))
  const assignments = Object.keys(set).map((name) => `#${name} = :${name}`)
  const written = await conditional(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: keyOf(named),
          UpdateExpression: `SET ${assignments.join(', ')}${remove ? ` REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : ''}`,
          ConditionExpression: 'fence = :fence AND #current = :running',
          ExpressionAttributeNames: { ...names, '#current': 'status' },
          ExpressionAttributeValues: {
            ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
            ':fence': fence,
            ':running': 'running',
          },
        }),
      )
      .then(() => true),
  )
  return written ?? false
}

/** Keeps the lease, and puts off the review, for another term. */
export const extendLease = (table: Table, lease: Fenced & { now: number; leaseMs: number }): Promise<boolean> =>
  fencedUpdate(table, {
    ...pick(lease),
    set: {
      lease_until: lease.now + lease.leaseMs,
      dueSk: dueAt('GENERATION', lease.now + 2 * lease.leaseMs).dueSk,
    },
  })

export const writeProgress = (table: Table, at: Fenced & { progress: Progress }): Promise<boolean> =>
  fencedUpdate(table, { ...pick(at), set: { progress: at.progress } })

/** From now on the search goes on there, whoever holds the lease next. What stands there was evaluated, and gets on. */
export const writeResumePoint = (table: Table, at: Fenced & { resume: ResumePoint }): Promise<boolean> =>
  fencedUpdate(table, { ...pick(at), set: { resume: at.resume, tries: 1 } })

/** Gives an unfinished generation back after a failure, so that another runner need not wait for the lease to run out. */
export const releaseLease = (table: Table, lease: Fenced): Promise<boolean> =>
  fencedUpdate(table, { ...pick(lease), set: { status: 'queued' }, remove: ['lease_until'] })

/** Gives it back because its runner must stop: the generation did nothing wrong, so it was no try. */
export const handBackLease = (table: Table, lease: Fenced): Promise<boolean> =>
  fencedUpdate(table, { ...pick(lease), set: { status: 'queued', tries: 0 }, remove: ['lease_until'] })

export type Ending =
  | {
      readonly status: 'succeeded' | 'canceled'
      readonly stop_reason: StopReason
      readonly nfe_used: number
      readonly result: Result
      readonly outputs: readonly StoredOutput[]
      readonly outputs_held_back?: number
      readonly trace?: StoredTrace
      readonly checkpoint?: EndCheckpoint
      readonly progress?: Progress
    }
  | UnworkedEnding
  | {
      readonly status: 'failed'
      readonly nfe_used: 0
      readonly error: { readonly code: string; readonly detail: string }
    }

/** Ends a generation: the one write that decides its outcome. Settlement and event follow, and can be redone from it. */
export const finishGeneration = (
  table: Table,
  finish: Fenced & { ending: Ending; now: number; reviewAt: number },
): Promise<boolean> =>
  fencedUpdate(table, {
    ...pick(finish),
    set: {
      ...finish.ending,
      finished_at: finish.now,
      dueSk: dueAt('GENERATION', finish.reviewAt).dueSk,
    },
    remove: ['lease_until', 'resume', 'tries'],
  })

/**
 * Nothing is owed for a settled and announced generation any more but its deletion, so that is what it is due for. Said
 * again it says the same; a generation that was deleted or goes on meanwhile is left alone.
 */
export const closeGeneration = async (
  table: Table,
  { expiresAt, ...named }: Named & { expiresAt: number },
): Promise<void> => {
  const due = dueAt('RETENTION', expiresAt)
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(named),
        UpdateExpression: 'SET duePk = :duePk, dueSk = :dueSk',
        ConditionExpression: 'attribute_exists(finished_at) AND attribute_not_exists(deleted_at)',
        ExpressionAttributeValues: { ':duePk': due.duePk, ':dueSk': due.dueSk },
      }),
    ),
  )
}

const isClosed = (item: GenerationItem & { readonly duePk?: string }): boolean =>
  item.duePk === dueAt('RETENTION', 0).duePk

/** Puts the next review of an open generation at a later time; one that has ended meanwhile is left alone. */
export const rescheduleGeneration = async (table: Table, named: Named & { reviewAt: number }): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(named),
        UpdateExpression: 'SET dueSk = :at',
        ConditionExpression: 'attribute_exists(duePk) AND attribute_not_exists(finished_at)',
        ExpressionAttributeValues: { ':at': dueAt('GENERATION', named.reviewAt).dueSk },
      }),
    ),
  )
}

const pick = ({ accountId, generationId, fence }: Fenced): Fenced => ({ accountId, generationId, fence })
