/** The five invariants, checked against the emulators themselves once everything rests. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { auditService } from '../../functions/reconcile/audit.ts'
import { type AccountBooks, readBooks } from '../../functions/reconcile/audit-account.ts'
import { findBatch } from '../../shared/stores/batches.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { isTerminal } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { ChaosClient } from './clients.ts'
import { pathOf, type Taken } from './receiver.ts'

export interface Judgement {
  /** Acknowledged. */
  readonly generations: number
  readonly statuses: Readonly<Record<string, number>>
  /** Ends of generations that an account was told, by request or endpoint. */
  readonly delivered: number
  /** Acknowledged and not there, not ended, or ended with a webhook that is nowhere. */
  readonly lost: number
  readonly double_charged: number
  /** A sentence for each loss, double charge and other break of an invariant. */
  readonly breaks: readonly string[]
}

interface Place {
  readonly table: Table
  readonly bucket: Bucket
}

/** What is found on the way. */
interface Findings {
  readonly breaks: string[]
  readonly statuses: Record<string, number>
  /** Recipe -> what it made. */
  readonly made: Map<string, string>
  lost: number
  doubleCharged: number
  delivered: number
}

export const judge = async (
  on: Place,
  told: { clients: readonly ChaosClient[]; taken: ReadonlyMap<string, readonly Taken[]> },
): Promise<Judgement> => {
  const found: Findings = { breaks: [], statuses: {}, made: new Map(), lost: 0, doubleCharged: 0, delivered: 0 }
  for (const client of told.clients) {
    found.breaks.push(...client.seen)
    const books = await readBooks(on.table, client.accountId)
    if (books === undefined) throw new Error(`account ${client.accountId} is gone`)
    judgeMoney(client, books, found)
    for (const id of client.generations.keys()) await judgeGeneration(on, { client, books, id }, found)
    for (const [id, lines] of client.batches) await judgeBatch(on, { client, books, id, lines }, found)
    judgeTold(client, { books, taken: told.taken }, found)
    await judgeObjects(on.bucket, books, found)
  }
  // Invariant 1, and 3: entries, traces and images against the account.
  const { differences } = await auditService(on)
  for (const difference of differences) found.breaks.push(JSON.stringify(difference))
  const { breaks, statuses, delivered, lost, doubleCharged } = found
  const generations = told.clients.reduce((sum, client) => sum + client.generations.size, 0)
  return { generations, statuses, delivered, lost, double_charged: doubleCharged, breaks }
}

/** Nothing is charged twice, and what was paid in is there once. */
const judgeMoney = (
  { accountId, credits, unknownCredits }: ChaosClient,
  books: AccountBooks,
  found: Findings,
): void => {
  const settlements = books.entries.flatMap((entry) => (entry.kind === 'settle' ? [entry.generation_id] : []))
  for (const id of new Set(settlements)) {
    const times = settlements.filter((other) => other === id).length
    if (times === 1) continue
    found.doubleCharged++
    found.breaks.push(`${id} was settled ${times} times`)
  }
  for (const [id, amount] of credits)
    if (books.credits.get(id) !== amount) {
      found.lost++
      found.breaks.push(`${accountId} was credited ${amount} by ${id}, and has ${books.credits.get(id)}`)
    }
  for (const id of books.credits.keys())
    if (!credits.has(id) && !unknownCredits.has(id)) found.breaks.push(`${accountId} has a credit ${id} of nobody`)
}

const judgeGeneration = async (
  { table }: Place,
  { client, books, id }: { client: ChaosClient; books: AccountBooks; id: string },
  found: Findings,
): Promise<void> => {
  const noted = client.generations.get(id)
  const generation = books.generations.find((each) => each.id === id)
  if (noted === undefined || generation === undefined || !isTerminal(generation.status)) {
    found.lost++
    found.breaks.push(`${id} is ${generation?.status ?? 'gone'}`)
    return
  }
  found.statuses[generation.status] = (found.statuses[generation.status] ?? 0) + 1
  const end = `${generation.status} ${generation.nfe_used}`
  if (noted.end !== undefined && noted.end !== end) found.breaks.push(`${id} was shown as ${noted.end}, and is ${end}`)
  // An extension fails when what it goes on from was deleted before it began.
  if (generation.status === 'failed' && generation.extends === undefined) found.breaks.push(`${id} failed`)
  const eventId = deliveryIdOf(id)
  for (const deliveryId of [...(noted.notified ? [eventId] : []), `${eventId}-${client.endpointId}`]) {
    const delivery = await getDelivery(table, { accountId: client.accountId, deliveryId })
    if (delivery?.state === 'delivered') found.delivered++
    else if (delivery?.attempts.length === 0 || delivery === undefined) {
      found.lost++
      found.breaks.push(`${id} ended, its delivery ${deliveryId} is ${delivery?.state ?? 'nowhere'}`)
    }
  }
  if (generation.stop_reason !== 'budget' || generation.deleted_at !== undefined) return
  const made = `${generation.outputs?.[0]?.sha256} ${generation.trace?.sha256} ${generation.nfe_used}`
  if ((found.made.get(noted.recipe) ?? made) !== made)
    found.breaks.push(`${id} is not what ${noted.recipe} made before`)
  found.made.set(noted.recipe, made)
}

const judgeBatch = async (
  { table }: Place,
  { client, books, id, lines }: { client: ChaosClient; books: AccountBooks; id: string; lines: number },
  found: Findings,
): Promise<void> => {
  const batch = await findBatch(table, { accountId: client.accountId, batchId: id })
  const made = books.generations.filter(({ batch_id: of }) => of === id)
  const deliveryId = `${id.replace(/^batch_/, 'evt_')}-${client.endpointId}`
  const delivery = await getDelivery(table, { accountId: client.accountId, deliveryId })
  if (batch.kind === 'written' && made.length === lines && delivery !== undefined) return
  found.lost++
  found.breaks.push(
    `${id} is ${batch.kind} with ${made.length} of ${lines} lines, its end ${delivery?.state ?? 'untold'}`,
  )
}

/** Accounts are told of their own alone, and of each end as it is on the books. */
const judgeTold = (
  { account, accountId }: ChaosClient,
  { books, taken }: { books: AccountBooks; taken: ReadonlyMap<string, readonly Taken[]> },
  found: Findings,
): void => {
  const ends = new Map(books.generations.map(({ id, status, nfe_used }) => [id, `${status} ${nfe_used}`]))
  for (const what of ['request', 'endpoint'] as const)
    for (const { type, id, end } of taken.get(pathOf(account, what)) ?? [])
      if (type.startsWith('generation.') && ends.get(id) !== end)
        found.breaks.push(`${accountId} was told that ${id} ended as ${end}; it has ${ends.get(id)}`)
}

/** What was deleted left no image, trace or state behind. */
const judgeObjects = async (bucket: Bucket, { account, generations }: AccountBooks, found: Findings): Promise<void> => {
  for (const { id, deleted_at: deletedAt } of generations) {
    if (deletedAt === undefined) continue
    for (const folder of ['outputs', 'traces', 'checkpoints']) {
      const Prefix = `${folder}/${account.id}/${id}/`
      const { KeyCount = 0 } = await bucket.client.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix }))
      if (KeyCount > 0) found.breaks.push(`${id} was deleted, and ${KeyCount} objects in ${Prefix} are left`)
    }
  }
}
