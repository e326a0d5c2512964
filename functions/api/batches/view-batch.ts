/** A batch as clients see it: its lines by status, and what they cost together. */
import type { Batch } from '../../../shared/contract/batch.ts'
import { type BatchItem, getLines } from '../../../shared/stores/batches.ts'
import { countStatuses, finishedAt } from '../../../shared/stores/end-batch.ts'
import { type GenerationItem, isTerminal } from '../../../shared/stores/generations.ts'
import { totalUsageOf } from '../../../shared/stores/usage-of.ts'
import type { ApiContext } from '../context.ts'

/** The lines' generations in order. One that is not made yet stands as it will be made. */
export const linesOf = async (api: ApiContext, batch: BatchItem): Promise<GenerationItem[]> => {
  const made = await getLines(api.table, batch)
  const toMake = new Map((batch.generations ?? []).map((item) => [item.id, item]))
  return batch.lines.flatMap(({ generation_id: id }) => made.get(id) ?? toMake.get(id) ?? [])
}

export const viewBatch = async (api: ApiContext, batch: BatchItem): Promise<Batch> => {
  const items = await linesOf(api, batch)
  const ended = items.every(({ status }) => isTerminal(status))
  const self = `${api.publicUrl}/v1/batches/${batch.id}`
  return {
    object: 'batch',
    id: batch.id,
    status: ended ? 'ended' : 'open',
    created_at: new Date(batch.created_at).toISOString(),
    finished_at: ended ? new Date(finishedAt(items)).toISOString() : null,
    lines: batch.lines.length,
    progress: countStatuses(items),
    usage: totalUsageOf(items),
    links: { self, results: `${self}/results` },
  }
}
