/**
 * Holds on the account item. Taking one and settling it are ONE conditional update each: balance, caps and counters change
 * together or not at all, however many edges and runners ask at once.
 *
 * The counters say how many NFEs a key has set aside or used in a day and in a month (UTC). Each lives under the name of its
 * period ("key_A 2026-11-24"), so a new day begins by its name being absent and nothing has to be reset; what a settlement
 * gives back goes to the period in which it was held, however late. reconcile removes the names of periods long over.
 *
 * A hold costs about 150 bytes of the item's 400 kB; MAX_HOLDS keeps the item far below that.
 *
 * A hold also says whether its generation waits for others of the account before it is queued: send-waiting.ts.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { DEFAULT_PRIORITY, PRIORITIES, type Priority } from '../contract/priority.ts'
import { freePlaces, type InLine } from '../domain/line.ts'
import { DAY_MS, dayOf, endOfDay, endOfMonth, monthOf } from '../domain/period.ts'
import type { Account } from './accounts.ts'
import { conditional, type Table } from './store.ts'
import { accountKey, dueAt } from './table.ts'

export const MAX_HOLDS = 1000

export interface Hold {
  readonly micro_usd: number
  readonly nfe: number
  readonly at: number
  /** Whose counters it went to, and for which day. */
  readonly key_id: string
  readonly day: string
  /** The batch whose lines were held together; see batches.ts. */
  readonly batch_id?: string
  /** Standard unless said. */
  readonly priority?: Priority
  /** Its message is not sent yet. */
  readonly waits?: true
  /** It has begun; said only where another of the account might have to wait for it. */
  readonly at_work?: true
}

/** NFEs that a key may hold or use in a day and in a month; null is without limit. */
export interface KeyCaps {
  readonly nfe_per_day: number | null
  readonly nfe_per_month: number | null
}

/** What one generation may cost. */
export interface HoldPart {
  readonly generationId: string
  readonly microUsd: number
  readonly nfe: number
  readonly priority?: Priority | undefined
}

interface HoldTerms {
  readonly accountId: string
  readonly key: KeyCaps & { readonly id: string }
  /** When it is held: one without a generation is given back some time after. */
  readonly at: number
  /** The generation's created_at: decides the day and the month that it counts for. */
  readonly createdAt: number
  readonly reviewAt: number
  /** Messages that the account may have in the queue at once, of one priority; what is beyond waits. All unless said. */
  readonly messagesAtOnce?: number | undefined
}

export type HoldRequest = HoldTerms & HoldPart

/** One or more generations, held together or not at all. At most 100: an expression has 4 kB. */
export interface HoldsRequest extends HoldTerms {
  readonly parts: readonly [HoldPart, ...HoldPart[]]
  readonly batchId?: string
}

export type HoldOutcome =
  | {
      readonly kind: 'held'
      readonly hold: Hold
      /** The generations whose message is not to be sent yet; left out without any. */
      readonly waiting?: ReadonlySet<string>
      /** The account afterwards, where one had to wait just now. */
      readonly account?: Account
    }
  | { readonly kind: 'insufficient'; readonly balanceMicroUsd: number }
  | { readonly kind: 'above cap'; readonly cap: 'day' | 'month'; readonly available: number; readonly resetsAt: number }
  | { readonly kind: 'too many holds' }
  | { readonly kind: 'no account' }

/** Name of a key's counter for a day or a month. */
export const counterName = (keyId: string, period: string): string => `${keyId} ${period}`

/**
 * Sets aside what a generation may cost. Asked again for the same generation and amount it answers `held` with the hold that
 * stands and changes nothing: an SDK retry can meet its own hold.
 */
export const holdBudget = (
  table: Table,
  { generationId, microUsd, nfe, ...terms }: HoldRequest,
): Promise<HoldOutcome> => holdTogether(table, { ...terms, parts: [{ generationId, microUsd, nfe }] })

/**
 * Sets aside what several generations may cost, each under its own id, in the same one update: all are held or none is. The
 * outcome speaks of the first part's hold; the others stand and fall with it. An account that has more open than it may have
 * in the queue at once costs a second try, which says for each whether it waits.
 */
export const holdTogether = async (table: Table, request: HoldsRequest): Promise<HoldOutcome> => {
  const outcome = await tryHold(table, request, { most: Math.min(MAX_HOLDS, request.messagesAtOnce ?? MAX_HOLDS) })
  if (outcome.kind !== 'crowded') return outcome
  const { waiting } = outcome
  const held = await tryHold(table, request, { most: MAX_HOLDS, waiting })
  // With all the room there is, what does not fit is too many.
  return held.kind === 'crowded' ? { kind: 'too many holds' } : held
}

type Tried = HoldOutcome | { readonly kind: 'crowded'; readonly waiting: ReadonlySet<string> }

/** @param most holds of the account afterwards. */
const tryHold = async (
  table: Table,
  request: HoldsRequest,
  { most, waiting }: { most: number; waiting?: ReadonlySet<string> },
): Promise<Tried> => {
  const { key, parts } = request
  const total = totalOf(parts)
  const holds = parts.map((part) => holdOf(request, part, waiting))
  const [first] = parts
  const hold = holdOf(request, first, waiting)
  const due = dueAt('ACCOUNT', request.reviewAt)
  const caps = [
    capCondition('day', key.nfe_per_day, total.nfe),
    capCondition('month', key.nfe_per_month, total.nfe),
  ].filter((cap) => cap !== undefined)
  const outcome = await conditional<Tried>(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: accountKey(request.accountId),
          // if_not_exists of the review: a busy account must not push its own review away for ever.
          UpdateExpression: `SET balance_micro_usd = balance_micro_usd - :amount, held_micro_usd = held_micro_usd + :amount, ${parts.map((_, at) => `holds.#h${at} = :h${at}`).join(', ')}, key_nfe.#day = if_not_exists(key_nfe.#day, :none) + :nfe, key_nfe.#month = if_not_exists(key_nfe.#month, :none) + :nfe, duePk = if_not_exists(duePk, :duePk), dueSk = if_not_exists(dueSk, :dueSk)`,
          ConditionExpression: [
            'attribute_exists(pk) AND attribute_not_exists(holds.#h0) AND balance_micro_usd >= :amount AND size(holds) <= :room',
            ...caps.map(({ condition }) => condition),
          ].join(' AND '),
          ExpressionAttributeNames: {
            ...Object.fromEntries(parts.map(({ generationId }, at) => [`#h${at}`, generationId])),
            ...counterNames(hold),
          },
          ExpressionAttributeValues: {
            ...Object.fromEntries(holds.map((each, at) => [`:h${at}`, each])),
            ':amount': total.microUsd,
            ':nfe': total.nfe,
            ':none': 0,
            ':room': most - parts.length,
            ':duePk': due.duePk,
            ':dueSk': due.dueSk,
            ...Object.fromEntries(caps.map(({ name, room }) => [name, room])),
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...(waiting !== undefined && { ReturnValues: 'ALL_NEW' }),
        }),
      )
      .then(({ Attributes }) => ({
        kind: 'held',
        hold,
        ...(waiting !== undefined && { waiting, account: Attributes as Account }),
      })),
    ({ Item }) => explainRefusal(Item, request, { hold, first, ...total }),
  )
  return outcome ?? { kind: 'no account' }
}

const totalOf = (parts: readonly HoldPart[]): { microUsd: number; nfe: number } => ({
  microUsd: parts.reduce((sum, { microUsd }) => sum + microUsd, 0),
  nfe: parts.reduce((sum, { nfe }) => sum + nfe, 0),
})

const holdOf = (
  request: HoldsRequest,
  { generationId, microUsd, nfe, priority = DEFAULT_PRIORITY }: HoldPart,
  waiting?: ReadonlySet<string>,
): Hold => ({
  micro_usd: microUsd,
  nfe,
  at: request.at,
  key_id: request.key.id,
  day: dayOf(request.createdAt),
  ...(request.batchId !== undefined && { batch_id: request.batchId }),
  ...(priority !== DEFAULT_PRIORITY && { priority }),
  ...(waiting?.has(generationId) && { waits: true }),
})

/**
 * Debits what was used, frees the rest of the hold and gives the NFEs not used back to the key's counters: the single act
 * that ends a hold. The account after it; undefined, with nothing changed, without the hold (settled before).
 */
export const settleHold = async (
  table: Table,
  settle: {
    accountId: string
    generationId: string
    hold: Omit<Hold, 'at'>
    used: { nfe: number; microUsd: number }
  },
): Promise<Account | undefined> => {
  const { hold, used } = settle
  if (used.microUsd > hold.micro_usd || used.nfe > hold.nfe) throw new RangeError('a settlement above its hold')
  const settled = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: accountKey(settle.accountId),
        // if_not_exists: a counter of a period long over may have been removed, and stays worth nothing.
        UpdateExpression:
          'SET balance_micro_usd = balance_micro_usd + :freed, held_micro_usd = held_micro_usd - :held, spent_micro_usd = spent_micro_usd + :used, key_nfe.#day = if_not_exists(key_nfe.#day, :back) - :back, key_nfe.#month = if_not_exists(key_nfe.#month, :back) - :back REMOVE holds.#id',
        ConditionExpression: 'holds.#id.micro_usd = :held',
        ExpressionAttributeNames: { '#id': settle.generationId, ...counterNames(hold) },
        ExpressionAttributeValues: {
          ':freed': hold.micro_usd - used.microUsd,
          ':held': hold.micro_usd,
          ':used': used.microUsd,
          ':back': hold.nfe - used.nfe,
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return settled?.Attributes as Account | undefined
}

const counterNames = ({ key_id, day }: Pick<Hold, 'key_id' | 'day'>) => ({
  '#day': counterName(key_id, day),
  '#month': counterName(key_id, monthOf(day)),
})

/** DynamoDB compares but does not add in a condition, so the room under the cap is computed here; below 0 nothing fits. */
const capCondition = (period: 'day' | 'month', cap: number | null, nfe: number) => {
  if (cap === null) return undefined
  const room = cap - nfe
  const name = `:${period}Room`
  const fits = `key_nfe.#${period} <= ${name}`
  return { name, room, condition: room < 0 ? fits : `(attribute_not_exists(key_nfe.#${period}) OR ${fits})` }
}

type StoredItem = Readonly<Record<string, AttributeValue>>

const explainRefusal = (
  item: StoredItem | undefined,
  { key, parts, messagesAtOnce = MAX_HOLDS }: HoldsRequest,
  asked: { hold: Hold; first: HoldPart; microUsd: number; nfe: number },
): Tried => {
  if (item === undefined) return { kind: 'no account' }
  const { hold, first } = asked
  const standing = item['holds']?.M?.[first.generationId]?.M
  if (standing !== undefined && numberOf(standing['micro_usd']) === first.microUsd)
    return {
      kind: 'held',
      hold: { ...hold, at: numberOf(standing['at']), key_id: standing['key_id']?.S ?? hold.key_id },
      ...stillWaiting(item, parts),
    }
  const month = monthOf(hold.day)
  const limits = [
    { cap: 'day', limit: key.nfe_per_day, period: hold.day, resetsAt: endOfDay(hold.day) },
    { cap: 'month', limit: key.nfe_per_month, period: month, resetsAt: endOfMonth(month) },
  ] as const
  for (const { cap, limit, period, resetsAt } of limits) {
    if (limit === null) continue
    const counted = numberOf(item['key_nfe']?.M?.[counterName(key.id, period)])
    if (counted + asked.nfe > limit)
      return { kind: 'above cap', cap, available: Math.max(0, limit - counted), resetsAt }
  }
  const balanceMicroUsd = numberOf(item['balance_micro_usd'])
  if (balanceMicroUsd < asked.microUsd) return { kind: 'insufficient', balanceMicroUsd }
  const holds = Object.values(item['holds']?.M ?? {}).map(({ M = {} }) => readLine(M))
  if (holds.length + parts.length > MAX_HOLDS) return { kind: 'too many holds' }
  return { kind: 'crowded', waiting: mustWait(holds, parts, messagesAtOnce) }
}

const readLine = (hold: StoredItem): InLine => ({
  priority: hold['priority']?.S === 'low' ? 'low' : DEFAULT_PRIORITY,
  ...(hold['waits']?.BOOL === true && { waits: true }),
  ...(hold['at_work']?.BOOL === true && { at_work: true }),
})

/** The parts that are beyond what may be in the queue, or behind others that wait. */
const mustWait = (
  holds: readonly InLine[],
  parts: readonly HoldPart[],
  messagesAtOnce: number,
): ReadonlySet<string> => {
  const waiting = new Set<string>()
  for (const priority of PRIORITIES) {
    const line = holds.filter((hold) => hold.priority === priority)
    const asked = parts.filter((part) => (part.priority ?? DEFAULT_PRIORITY) === priority)
    for (const { generationId } of asked.slice(freePlaces(line, messagesAtOnce))) waiting.add(generationId)
  }
  return waiting
}

const stillWaiting = (item: StoredItem, parts: readonly HoldPart[]): { waiting?: ReadonlySet<string> } => {
  const holds = item['holds']?.M ?? {}
  const waiting = parts.filter(({ generationId }) => holds[generationId]?.M?.['waits']?.BOOL === true)
  return waiting.length === 0 ? {} : { waiting: new Set(waiting.map(({ generationId }) => generationId)) }
}

const numberOf = (value: AttributeValue | undefined): number => Number(value?.N ?? 0)

/** Periods are kept this long after their end: a slow edge may still count for yesterday, a person may still look. */
const KEEP_COUNTERS_MS = 2 * DAY_MS
const MAX_FORGOTTEN = 100

/** Removes counters of periods long over. A late settlement may bring one back with nothing in it; the next review removes it. */
export const forgetOldCounters = async (table: Table, account: Account, now: number): Promise<void> => {
  const old = Object.keys(account.key_nfe)
    .filter((name) => endOfPeriod(name.slice(name.lastIndexOf(' ') + 1)) + KEEP_COUNTERS_MS < now)
    .slice(0, MAX_FORGOTTEN)
  if (old.length === 0) return
  await table.client.send(
    new UpdateCommand({
      TableName: table.name,
      Key: accountKey(account.id),
      UpdateExpression: `REMOVE ${old.map((_, index) => `key_nfe.#old${index}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(old.map((name, index) => [`#old${index}`, name])),
    }),
  )
}

const endOfPeriod = (period: string): number => (period.length === 7 ? endOfMonth(period) : endOfDay(period))
