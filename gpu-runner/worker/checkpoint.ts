/** States of searches in the bucket: the one it ended in, to extend it, and those on the way, to go on after a crash. */
import { createHash } from 'node:crypto'
import type { EndCheckpoint, GenerationItem, ResumePoint, StoredCheckpoint } from '../../shared/stores/generations.ts'
import { type Bucket, checkpointKey, getObject, putObject, resumeKey } from '../../shared/stores/outputs.ts'
import { decodeState, encodeState } from '../search/checkpoint.ts'
import type { Search } from '../search/search.ts'

/** Stores the state that a search ended in; undefined where it has nothing to go on with. */
export const storeCheckpoint = async (
  bucket: Bucket,
  { generation, search, state }: { generation: GenerationItem; search: Search<unknown, unknown>; state: unknown },
): Promise<EndCheckpoint | undefined> => {
  const least = search.leastMore(state)
  if (least === undefined) return undefined
  const { account_id: accountId, id: generationId, fence } = generation
  const key = checkpointKey({ accountId, generationId, fence })
  const bytes = encodeState(state)
  await putObject(bucket, { key, bytes, contentType: 'application/octet-stream' })
  return { key, bytes: bytes.byteLength, sha256: sha256Of(bytes), least_nfe: least }
}

/** Everything that a search goes on from on another machine. */
export interface MidSearch {
  readonly state: unknown
  /** The lines of the trace so far. */
  readonly trace: string
  /** NFEs of the searches that this one extends. */
  readonly nfe_before: number
  readonly profile_sha256?: string
}

/** @param nfe NFEs of this generation up to there. */
export const storeMidSearch = async (
  bucket: Bucket,
  { generation, search, nfe }: { generation: GenerationItem; search: MidSearch; nfe: number },
): Promise<ResumePoint> => {
  const { account_id: accountId, id: generationId, fence } = generation
  const key = resumeKey({ accountId, generationId, fence, nfe })
  const bytes = encodeState(search)
  await putObject(bucket, { key, bytes, contentType: 'application/octet-stream' })
  return { key, bytes: bytes.byteLength, sha256: sha256Of(bytes), nfe_used: nfe }
}

/** Rejects when the object is gone, or is not what was stored. */
export const loadCheckpoint = async (bucket: Bucket, { key, sha256 }: StoredCheckpoint): Promise<unknown> => {
  const bytes = await getObject(bucket, key)
  if (sha256Of(bytes) !== sha256) throw new Error(`the checkpoint ${key} is not what was stored`)
  return decodeState(bytes)
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
