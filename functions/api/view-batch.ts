/** A batch as clients see it: its lines by status, and what they cost together. */
import type { Batch } from '../../shared/contract/batch.ts'
import { GENERATION_STATUSES } from '../../shared/contract/generation.ts'
import { type BatchItem, getLines } from '../../shared/stores/batches.ts'
import { usageOf } from '../../shared/stores/complete-generation.ts'
import { type GenerationItem, isTerminal } from '../../shared/stores/generations.ts'
import type { ApiContext } from './context.ts'

/** The lines' generations in order. One that is not made yet stands as it will be made. */
export const linesOf = async (api: ApiContext, batch: BatchItem): Promise<GenerationItem[]> => {
  const made = await getLines(api.table, batch)
  const toMake = new Map((batch.generations ?? []).map((item) => [item.id, item]))
  return batch.lines.flatMap(({ generation_id: id }) => made.get(id) ?? toMake.get(id) ?? [])
}

export const viewBatch = async (api: ApiContext, batch: BatchItem): Promise<Batch> => {
  const items = await linesOf(api, batch)
  const usages = items.map(usageOf)
  const sum = (name: 'nfe_held' | 'nfe_used' | 'nfe_refunded' | 'price_micro_usd') =>
    usages.reduce((total, usage) => total + usage[name], 0)
  const ended = items.every(({ status }) => isTerminal(status))
  const self = `${api.publicUrl}/v1/batches/${batch.id}`
  return {
    object: 'batch',
    id: batch.id,
    status: ended ? 'ended' : 'open',
    created_at: new Date(batch.created_at).toISOString(),
    finished_at: ended ? new Date(Math.max(...items.map(({ finished_at: at = 0 }) => at))).toISOString() : null,
    lines: batch.lines.length,
    progress: Object.fromEntries(
      GENERATION_STATUSES.map((status) => [status, items.filter((item) => item.status === status).length]),
    ) as Batch['progress'],
    usage: {
      nfe_held: sum('nfe_held'),
      nfe_used: sum('nfe_used'),
      nfe_refunded: sum('nfe_refunded'),
      price_micro_usd: sum('price_micro_usd'),
    },
    links: { self, results: `${self}/results` },
  }
}
