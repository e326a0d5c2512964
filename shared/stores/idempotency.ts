/**
 * Idempotency records: one per account and Idempotency-Key, for a day. A record is claimed by the try that works on it; a
 * try that died leaves its claim to run out, and the next one goes on with the same nonce and time, hence the same ids.
 */
import { DeleteCommand, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { conditional, type Table } from './store.ts'
import { accountItemKey, TTL_ATTRIBUTE } from './table.ts'

export const IDEMPOTENCY_SECONDS = 86_400

export interface StoredAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body, sealed; see idempotency-key.ts. */
  readonly sealed: string
}

export interface IdempotencyRecord {
  readonly fingerprint: string
  /** Random, so that the same key draws anew once its record is gone. */
  readonly nonce: string
  /** When the first try came, epoch milliseconds. */
  readonly at: number
  /** Tries that claimed it, this one included; an SDK retry may count twice. */
  readonly tries: number
  readonly claim: string
  readonly claimed_until: number
  readonly answer?: StoredAnswer
}

interface Place {
  readonly accountId: string
  /** Digest of the client's key. */
  readonly digest: string
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly record: IdempotencyRecord }
  | { readonly kind: 'answered'; readonly answer: StoredAnswer; readonly record: IdempotencyRecord }
  | { readonly kind: 'in progress'; readonly until: number }
  | { readonly kind: 'other request' }

interface Claim extends Place {
  readonly fingerprint: string
  /** Kept when this is the first try. */
  readonly nonce: string
  /** Random, this try's own. */
  readonly token: string
  readonly now: number
  readonly claimMs: number
}

const keyOf = ({ accountId, digest }: Place) => accountItemKey(accountId, 'IDEMPOTENCY', digest)

/** Claims the key for one try. DynamoDB deletes late, so a record past its day is removed here first. */
export const claimIdempotencyKey = async (table: Table, claim: Claim): Promise<ClaimOutcome> => {
  for (;;) {
    const claimed = await tryClaim(table, claim)
    if ('kind' in claimed) return claimed
    const { met } = claimed
    if (met.ttl * 1000 <= claim.now) await removeRecord(table, { ...claim, nonce: met.nonce })
    else if (met.fingerprint !== claim.fingerprint) return { kind: 'other request' }
    else if (met.answer !== undefined) return { kind: 'answered', answer: met.answer, record: met }
    else return { kind: 'in progress', until: met.claimed_until }
  }
}

type Met = IdempotencyRecord & { readonly [TTL_ATTRIBUTE]: number }

const tryClaim = async (table: Table, claim: Claim): Promise<(ClaimOutcome & { kind: 'claimed' }) | { met: Met }> => {
  const claimed = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(claim),
        UpdateExpression:
          'SET fingerprint = if_not_exists(fingerprint, :fingerprint), nonce = if_not_exists(nonce, :nonce), #at = if_not_exists(#at, :now), #ttl = if_not_exists(#ttl, :ttl), claim = :claim, claimed_until = :until ADD tries :one',
        // "claim = :claim": an SDK retry can meet its own claim.
        ConditionExpression:
          'attribute_not_exists(pk) OR claim = :claim OR (fingerprint = :fingerprint AND attribute_not_exists(answer) AND claimed_until <= :now AND #ttl > :nowSeconds)',
        ExpressionAttributeNames: { '#at': 'at', '#ttl': TTL_ATTRIBUTE },
        ExpressionAttributeValues: {
          ':fingerprint': claim.fingerprint,
          ':nonce': claim.nonce,
          ':now': claim.now,
          ':nowSeconds': claim.now / 1000,
          ':ttl': Math.ceil(claim.now / 1000) + IDEMPOTENCY_SECONDS,
          ':claim': claim.token,
          ':until': claim.now + claim.claimMs,
          ':one': 1,
        },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  if (claimed?.Attributes !== undefined) return { kind: 'claimed', record: claimed.Attributes as IdempotencyRecord }
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: keyOf(claim), ConsistentRead: true }),
  )
  // Gone since the condition failed: then it is free.
  return Item === undefined ? tryClaim(table, claim) : { met: Item as Met }
}

/** Keeps the answer for every later request with this key. Ignored when another try took the claim over: it answers the same. */
export const storeAnswer = async (
  table: Table,
  { record, answer, ...place }: Place & { record: IdempotencyRecord; answer: StoredAnswer },
): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(place),
        UpdateExpression: 'SET answer = :answer REMOVE claimed_until',
        ConditionExpression: 'claim = :claim',
        ExpressionAttributeValues: { ':answer': answer, ':claim': record.claim },
      }),
    ),
  )
}

/** Lets the next try begin at once, on the same record. */
export const releaseClaim = async (
  table: Table,
  { record, ...place }: Place & { record: IdempotencyRecord },
): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(place),
        UpdateExpression: 'SET claimed_until = :none',
        ConditionExpression: 'claim = :claim AND attribute_not_exists(answer)',
        ExpressionAttributeValues: { ':none': 0, ':claim': record.claim },
      }),
    ),
  )
}

/** Forgets a key whose only try was refused, and so changed nothing: it may come again with another body. */
export const forgetKey = (table: Table, { record, ...place }: Place & { record: IdempotencyRecord }): Promise<void> =>
  removeRecord(table, { ...place, nonce: record.nonce, claim: record.claim })

const removeRecord = async (
  table: Table,
  { nonce, claim, ...place }: Place & { nonce: string; claim?: string },
): Promise<void> => {
  await conditional(
    table.client.send(
      new DeleteCommand({
        TableName: table.name,
        Key: keyOf(place),
        ConditionExpression: claim === undefined ? 'nonce = :nonce' : 'nonce = :nonce AND claim = :claim',
        ExpressionAttributeValues: { ':nonce': nonce, ...(claim !== undefined && { ':claim': claim }) },
      }),
    ),
  )
}
