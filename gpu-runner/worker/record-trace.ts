/** The trace of one search, kept while it runs and stored once it has ended. About 130 bytes a candidate. */
import { createHash } from 'node:crypto'
import { TRACE_CONTENT_TYPE, type TraceLine } from '../../shared/contract/trace.ts'
import type { GenerationItem, StoredTrace } from '../../shared/stores/generations.ts'
import { type Bucket, putObject, traceKey } from '../../shared/stores/outputs.ts'
import type { CandidateRecord } from '../search/search.ts'

export interface SearchTrace {
  add(records: readonly CandidateRecord[]): void
  /** All lines so far, as stored; each ends with a line feed. */
  bytes(): Uint8Array
  text(): string
  lines(): number
}

export interface TraceStart {
  readonly reward: string
  readonly nfeBefore: number
  readonly written: string
}

/**
 * - `reward`: the name of the reward.
 * - `nfeBefore`: NFEs of the searches that this one extends; its own count begins behind them.
 * - `written`: the lines of the attempts that this one goes on from.
 */
export const recordTrace = ({ reward, nfeBefore, written }: TraceStart): SearchTrace => {
  const lines = written.split(/(?<=\n)/).filter((line) => line !== '')
  return {
    add: (records) => {
      for (const record of records)
        lines.push(`${JSON.stringify(lineOf({ ...record, nfe: record.nfe - nfeBefore }, reward))}\n`)
    },
    bytes: () => Buffer.from(lines.join('')),
    text: () => lines.join(''),
    lines: () => lines.length,
  }
}

/** Keys in one fixed order: the bytes are hashed. */
const lineOf = (
  { nfe, step, lane, candidate, t, reward, accepted, quota, finished }: CandidateRecord,
  reward_name: string,
): TraceLine => ({
  nfe,
  step,
  lane,
  candidate,
  t,
  reward: reward ?? null,
  reward_name,
  accepted,
  quota,
  finished: finished ?? false,
})

/** Under a key of this attempt's fence, so a second attempt never overwrites what a first one stored. */
export const storeTrace = async (
  bucket: Bucket,
  { generation, trace, profileSha256 }: { generation: GenerationItem; trace: SearchTrace; profileSha256?: string },
): Promise<StoredTrace> => {
  const { account_id: accountId, id: generationId, fence } = generation
  const key = traceKey({ accountId, generationId, fence })
  const bytes = trace.bytes()
  await putObject(bucket, { key, bytes, contentType: TRACE_CONTENT_TYPE })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const stored = { key, bytes: bytes.byteLength, lines: trace.lines(), sha256 }
  return profileSha256 === undefined ? stored : { ...stored, profile_sha256: profileSha256 }
}
