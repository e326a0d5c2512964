/** Stores now and then where a search stands, without holding it up, so that another runner can go on from there. */
import { type GenerationItem, writeResumePoint } from '../../shared/stores/generations.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Table } from '../../shared/stores/store.ts'
import { type MidSearch, storeMidSearch } from './checkpoint.ts'

/** How much work a crash may cost, whichever comes first. */
export interface CheckpointEvery {
  readonly ms: number
  readonly nfe: number
}

export interface CheckpointKeeper {
  /** After each report. @param nfe NFEs of this generation so far. */
  note(search: () => MidSearch, nfe: number): void
  /** Stores what was noted last; resolves when it is, or could not be. */
  flush(): Promise<void>
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>
}

export interface KeepCheckpoints {
  readonly table: Table
  readonly bucket: Bucket
  readonly every: CheckpointEvery
  readonly generation: GenerationItem
  /** NFEs at the state that this attempt began with. */
  readonly nfeResumed: number
  readonly now: () => number
}

/**
 * First the object, under a key of this attempt, then its place on the generation, by the lease's fence: whoever lost the
 * lease points nobody to its own state. A lost write is no loss: the next one says more.
 */
export const keepCheckpoints = (on: KeepCheckpoints): CheckpointKeeper => {
  const { generation } = on
  const fenced = { accountId: generation.account_id, generationId: generation.id, fence: generation.fence }
  // After a crash the first state is worth a write: it shows that this generation gets on, and is not what crashes.
  const crashed = (generation.tries ?? 1) > 1
  let storedNfe = on.nfeResumed
  let storedAt = on.now()
  let newest: { search: () => MidSearch; nfe: number } | undefined
  let writing: Promise<void> | undefined

  const isDue = (nfe: number): boolean =>
    nfe > storedNfe &&
    (nfe - storedNfe >= on.every.nfe || on.now() - storedAt >= on.every.ms || (crashed && storedNfe === on.nfeResumed))
  const write = (search: MidSearch, nfe: number): Promise<void> => {
    const before = storedNfe
    storedNfe = nfe
    storedAt = on.now()
    return storeMidSearch(on.bucket, { generation, search, nfe })
      .then((resume) => writeResumePoint(on.table, { ...fenced, resume }))
      .then(
        () => undefined,
        (error) => {
          storedNfe = before
          warn(error)
        },
      )
      .finally(() => {
        writing = undefined
      })
  }
  return {
    note: (search, nfe) => {
      newest = { search, nfe }
      // State and trace are encoded before the next report, so what is written belongs together.
      if (writing === undefined && isDue(nfe)) writing = write(search(), nfe)
    },
    settled: async () => {
      await writing
    },
    flush: async () => {
      await writing
      if (newest !== undefined && newest.nfe > storedNfe) await write(newest.search(), newest.nfe)
    },
  }
}

const warn = (error: unknown): void => {
  console.error(JSON.stringify({ level: 'warn', where: 'checkpoint', error: String(error) }))
}
