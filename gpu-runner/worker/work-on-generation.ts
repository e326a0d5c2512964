/**
 * One message, from lease to settlement. Whatever happens in between, the generation ends once: every write carries the
 * fence of the lease, and what follows the end can be repeated by anybody from the ended item.
 */
import type { Disposal, Received } from '../../shared/aws/receive-messages.ts'
import type { GenerationMessage } from '../../shared/contract/queue.ts'
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import { endUnworked } from '../../shared/stores/cancel-generation.ts'
import { type Completion, completeGeneration } from '../../shared/stores/complete-generation.ts'
import {
  type Ending,
  finishGeneration,
  type GenerationItem,
  getGeneration,
  handBackLease,
  leaseGeneration,
  releaseLease,
} from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import { leaveLine } from '../../shared/stores/send-waiting.ts'
import type { ContentCheck } from '../content/check-content.ts'
import type { Model } from '../engine/model.ts'
import type { Profiles } from '../pack/read-profiles.ts'
import { RewardServerError } from '../reward/score-by-server.ts'
import type { CheckpointEvery } from './keep-checkpoints.ts'
import { keepLease, type LeaseKeeper } from './keep-lease.ts'
import { LeaseLost, searchGeneration } from './search-generation.ts'

/** A pack that is open. */
export interface ServedPack {
  readonly model: Model
  readonly profiles: Profiles
}

export interface WorkContext extends Completion {
  readonly bucket: Bucket
  /** What this runner serves, by name. */
  readonly packs: ReadonlyMap<string, ServedPack>
  readonly content: ContentCheck
  readonly webhooks: AddressPolicy
  readonly leaseMs: number
  readonly reviewMs: number
  /** After this many tries without getting on, a generation is failed for good, and refunded. */
  readonly maxTries: number
  readonly checkpointEvery: CheckpointEvery
  /** Aborted when this process must hand its work back. */
  readonly stopping: AbortSignal
  readonly now: () => number
}

const DELETE: Disposal = { kind: 'delete' }
const RETRY_SECONDS = 2
const GAVE_UP: Ending = {
  status: 'failed',
  nfe_used: 0,
  error: { code: 'search_failed', detail: 'The search failed several times on our side. Nothing was charged.' },
}

const failedServer = ({ code, message }: RewardServerError): Ending => ({
  status: 'failed',
  nfe_used: 0,
  error: { code, detail: `${message} Nothing was charged.` },
})

export const workOnGeneration = async (on: WorkContext, received: Received<GenerationMessage>): Promise<Disposal> => {
  const named = { accountId: received.message.account_id, generationId: received.message.generation_id }
  const lease = await leaseGeneration(on.table, { ...named, now: on.now(), leaseMs: on.leaseMs })
  switch (lease.kind) {
    case 'unknown':
      return DELETE
    case 'ended':
      if (!lease.closed) await completeGeneration(on, lease.generation)
      return DELETE
    case 'to end': {
      const now = on.now()
      const ended = await endUnworked(on.table, { ...lease, now, reviewAt: now + on.reviewMs })
      if (ended === undefined) return { kind: 'return', afterSeconds: RETRY_SECONDS }
      await completeGeneration(on, ended)
      return DELETE
    }
    case 'held by another':
      // Never handed out before, it is a copy: who holds the lease has a message of its own, that comes back should it die.
      if (received.receiveCount === 1) return DELETE
      return { kind: 'return', afterSeconds: Math.max(1, (lease.until - on.now()) / 1000) }
    case 'leased':
      return workUnderLease(on, received, lease.generation)
  }
}

const workUnderLease = async (
  on: WorkContext,
  received: Received<GenerationMessage>,
  generation: GenerationItem,
): Promise<Disposal> => {
  const fenced = fencedOf(generation)
  // Every try before this one took its process along: nobody was left to end it.
  if ((generation.tries ?? 1) > on.maxTries) return endGeneration(on, generation, GAVE_UP)
  const keeper = keepLease({ ...on, fenced, extendMessage: received.extend })
  const left = letNextIn(on, generation)
  try {
    const served = on.packs.get(generation.pack)
    if (served === undefined)
      throw new Error(`this runner has ${[...on.packs.keys()].join(', ')}, not ${generation.pack}`)
    const searched = await searchGeneration({ ...on, ...served }, { generation, keeper })
    if (searched === 'stopped') {
      await handBackLease(on.table, fenced)
      return { kind: 'return', afterSeconds: 0 }
    }
    return await endGeneration(on, generation, searched)
  } catch (error) {
    return await afterFailure(on, { generation, keeper, error })
  } finally {
    keeper.stop()
    await left
  }
}

/** Beside the search: a failure is made up for by whatever begins or ends next, and by reconcile. */
const letNextIn = async (on: WorkContext, generation: GenerationItem): Promise<void> => {
  try {
    await leaveLine(on, fencedOf(generation))
  } catch (error) {
    console.error(JSON.stringify({ level: 'warn', where: 'line', generation: generation.id, error: String(error) }))
  }
}

const endGeneration = async (on: WorkContext, generation: GenerationItem, ending: Ending): Promise<Disposal> => {
  const fenced = fencedOf(generation)
  const now = on.now()
  const finished = await finishGeneration(on.table, { ...fenced, ending, now, reviewAt: now + on.reviewMs })
  if (!finished) return { kind: 'return', afterSeconds: RETRY_SECONDS }
  const ended = await getGeneration(on.table, fenced)
  if (ended !== undefined) await completeGeneration(on, ended)
  return DELETE
}

/** Another try for what may pass; an end with a full refund for what will not. */
const afterFailure = async (
  on: WorkContext,
  { generation, keeper, error }: { generation: GenerationItem; keeper: LeaseKeeper; error: unknown },
): Promise<Disposal> => {
  if (error instanceof LeaseLost || keeper.lost()) return { kind: 'return', afterSeconds: RETRY_SECONDS }
  // It was asked again before it was given up, and its owner can do more about it than we.
  if (error instanceof RewardServerError) return endGeneration(on, generation, failedServer(error))
  // As it is now: a checkpoint of this attempt began the count anew.
  const { tries = 1 } = (await getGeneration(on.table, fencedOf(generation))) ?? {}
  console.error(JSON.stringify({ level: 'error', generation: generation.id, tries, error: String(error) }))
  // Not the receipts of the message: those count every time that another runner held the lease, too.
  if (tries >= on.maxTries) return endGeneration(on, generation, GAVE_UP)
  await releaseLease(on.table, fencedOf(generation))
  return { kind: 'return', afterSeconds: RETRY_SECONDS * tries }
}

const fencedOf = (generation: GenerationItem) => ({
  accountId: generation.account_id,
  generationId: generation.id,
  fence: generation.fence,
})
