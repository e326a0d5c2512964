/**
 * Recomputes an account from what stands beside it: ledger entries, generations, traces and images. Nothing here is written,
 * and nothing is taken from the account item but what is compared.
 */
import { createHash } from 'node:crypto'
import { NoSuchKey } from '@aws-sdk/client-s3'
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb'
import { type Account, getAccount } from '../../shared/stores/accounts.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { LedgerEntry } from '../../shared/stores/ledger.ts'
import { type Bucket, getObject } from '../../shared/stores/outputs.ts'
import type { Table } from '../../shared/stores/store.ts'
import { accountKey } from '../../shared/stores/table.ts'

/** Something that does not add up: of whom, what, and the two values. */
export interface Difference {
  readonly account_id: string
  /** The account itself, a generation or a ledger entry. */
  readonly about: string
  readonly what: string
  readonly expected: unknown
  readonly found: unknown
}

export interface AccountBooks {
  readonly account: Account
  readonly generations: readonly (GenerationItem & { readonly deleted_at?: number })[]
  readonly entries: readonly LedgerEntry[]
  /** Marks of credits, by the payer's id. */
  readonly credits: ReadonlyMap<string, number>
}

/** A live account moves between two reads; one that rests for the length of one is found in a few. */
const TRIES = 5

/** Books that belong together. Undefined without the account; rejects when it never rests. */
export const readBooks = async (table: Table, accountId: string): Promise<AccountBooks | undefined> => {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = await getAccount(table, accountId)
    if (before === undefined) return undefined
    const books = await readPartition(table, before)
    const after = await getAccount(table, accountId)
    if (moneyOf(before) === moneyOf(after)) return books
  }
  throw new Error(`account ${accountId} changed during each of ${TRIES} reads`)
}

const moneyOf = (account: Account | undefined): string =>
  JSON.stringify([account?.balance_micro_usd, account?.spent_micro_usd, Object.keys(account?.holds ?? {}).sort()])

const readPartition = async (table: Table, account: Account): Promise<AccountBooks> => {
  const generations: GenerationItem[] = []
  const entries: LedgerEntry[] = []
  const credits = new Map<string, number>()
  let after: Record<string, unknown> | undefined
  do {
    const page: QueryCommandOutput = await table.client.send(
      new QueryCommand({
        TableName: table.name,
        KeyConditionExpression: 'pk = :account',
        ExpressionAttributeValues: { ':account': accountKey(account.id).pk },
        ConsistentRead: true,
        ...(after !== undefined && { ExclusiveStartKey: after }),
      }),
    )
    for (const item of page.Items ?? []) {
      const sk = String(item['sk'])
      if (sk.startsWith('GENERATION#') && !('abandoned' in item)) generations.push(item as unknown as GenerationItem)
      if (sk.startsWith('LEDGER#')) entries.push(item as unknown as LedgerEntry)
      if (sk.startsWith('CREDIT#')) credits.set(sk.slice('CREDIT#'.length), Number(item['micro_usd']))
    }
    after = page.LastEvaluatedKey
  } while (after !== undefined)
  return { account, generations, entries, credits }
}

type Tell = (about: string, what: string, expected: unknown, found: unknown) => void

/** Every difference between the account item and what it follows from; none when all is well. */
export const auditBooks = (books: AccountBooks): Difference[] => {
  const differences: Difference[] = []
  const tell: Tell = (about, what, expected, found) => {
    if (expected !== found) differences.push({ account_id: books.account.id, about, what, expected, found })
  }
  auditTotals(books, tell)
  auditCredits(books, tell)
  auditSettlements(books, tell)
  return differences
}

const auditTotals = ({ account, entries }: AccountBooks, tell: Tell): void => {
  const { balance_micro_usd: balance, held_micro_usd: held, spent_micro_usd: spent } = account
  tell(account.id, 'balance + held + spent = credited', account.credited_micro_usd, balance + held + spent)
  tell(account.id, 'held = its holds', sum(Object.values(account.holds)), held)
  tell(account.id, 'a balance is never below zero', true, balance >= 0)
  // Written ahead: an entry whose hold still stands is not counted yet.
  const counted = entries.filter((entry) => entry.kind === 'settle' && account.holds[entry.generation_id] === undefined)
  tell(account.id, 'spent = its settlements', sum(counted), spent)
}

const auditCredits = ({ account, entries, credits }: AccountBooks, tell: Tell): void => {
  const credited = entries.filter((entry) => entry.kind === 'credit')
  tell(account.id, 'credited = its credits', sum(credited), account.credited_micro_usd)
  tell(account.id, 'credit entries = credit marks', credits.size, credited.length)
  for (const entry of credited) tell(entry.id, 'amount of the credit', credits.get(entry.credit_id), entry.micro_usd)
}

const auditSettlements = ({ account, generations, entries }: AccountBooks, tell: Tell): void => {
  const settled = Map.groupBy(
    entries.filter((entry) => entry.kind === 'settle'),
    (entry) => entry.generation_id,
  )
  const known = new Set(generations.map(({ id }) => id))
  for (const id of settled.keys()) tell(id, 'a settlement has its generation', true, known.has(id))
  for (const generation of generations) {
    const { id, finished_at: finishedAt, nfe_budget: budget, micro_usd_per_nfe: price } = generation
    const own = settled.get(id) ?? []
    const hold = account.holds[id]
    if (finishedAt === undefined) tell(id, 'hold of an open generation', budget * price, hold?.micro_usd)
    // Between its end and its settlement an entry may stand or not.
    if (finishedAt === undefined || hold === undefined)
      tell(id, 'settlements', finishedAt === undefined ? 0 : 1, own.length)
    for (const { nfe, micro_usd } of own) {
      tell(id, 'NFEs settled', generation.nfe_used, nfe)
      tell(id, 'micro-dollars settled', nfe * price, micro_usd)
      tell(id, 'settled within the hold', true, nfe <= budget)
    }
  }
}

const sum = (amounts: readonly { readonly micro_usd: number }[]): number =>
  amounts.reduce((total, { micro_usd }) => total + micro_usd, 0)

/** Compares a generation's bill with its trace, and its images with what was stored. Reads every object of it. */
export const auditObjects = async (bucket: Bucket, { account, generations }: AccountBooks): Promise<Difference[]> => {
  const differences: Difference[] = []
  for (const generation of generations) {
    if (generation.deleted_at !== undefined) continue
    const tell: Tell = (about, what, expected, found) => {
      if (expected !== found) differences.push({ account_id: account.id, about, what, expected, found })
    }
    await auditCheckpoint(bucket, generation, tell)
    if (generation.finished_at === undefined) continue
    await auditTrace(bucket, generation, tell)
    for (const { key, sha256 } of (generation.outputs ?? []).flatMap((output) => [
      output,
      ...(output.alternates ?? []),
    ])) {
      const bytes = await findObject(bucket, key)
      tell(generation.id, `sha256 of ${key}`, sha256, bytes && sha256Of(bytes))
    }
  }
  return differences
}

/** What an open extension begins with, and what an ended search left for one. */
const auditCheckpoint = async (bucket: Bucket, generation: GenerationItem, tell: Tell): Promise<void> => {
  const { id, finished_at: finishedAt, checkpoint, extends: extended } = generation
  const stored = finishedAt === undefined ? extended?.checkpoint : checkpoint
  if (stored === undefined) return
  const bytes = await findObject(bucket, stored.key)
  tell(id, `sha256 of ${stored.key}`, stored.sha256, bytes && sha256Of(bytes))
}

const auditTrace = async (
  bucket: Bucket,
  { id, trace, nfe_used: nfe = 0 }: GenerationItem,
  tell: Tell,
): Promise<void> => {
  tell(id, 'charged work has a trace', nfe > 0, trace !== undefined)
  if (trace === undefined) return
  const bytes = await findObject(bucket, trace.key)
  tell(id, 'sha256 of the trace', trace.sha256, bytes && sha256Of(bytes))
  if (bytes === undefined) return
  const lines = Buffer.from(bytes).toString().trimEnd().split('\n')
  const last = JSON.parse(lines.at(-1) ?? '{}') as { nfe?: number }
  tell(id, 'lines of the trace', trace.lines, lines.length)
  tell(id, 'NFEs of the trace', nfe, last.nfe)
}

const findObject = (bucket: Bucket, key: string): Promise<Uint8Array | undefined> =>
  getObject(bucket, key).catch((error) => {
    if (error instanceof NoSuchKey) return undefined
    throw error
  })

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
