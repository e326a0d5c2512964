/** Batches: many generations in one request, on one shared budget. */
import type { z } from 'zod'
import type { Batch, batchLineSchema, batchResultSchema } from '../contract/batch.ts'
import type { Page, PageQuery, WaitOptions } from './generations.ts'
import type { CallOptions, Connection } from './http.ts'
import { pause } from './retry.ts'

export type NewBatchLine = z.input<ReturnType<typeof batchLineSchema>>
export type BatchResult = z.infer<typeof batchResultSchema>

export interface BatchOptions extends CallOptions {
  /** NFEs of all lines together; lines without `nfe_budget` share what the others leave. */
  readonly nfeBudget?: number
}

const BATCHES = '/v1/batches'
const JSON_LINES = 'application/x-ndjson'
const POLL_MS = 500
const at = (id: string, act = ''): string => `${BATCHES}/${encodeURIComponent(id)}${act}`

export const batches = (api: Connection) => {
  const get = (id: string, options: CallOptions = {}): Promise<Batch> =>
    api.json({ method: 'GET', path: at(id), ...options })
  return {
    get,
    /** All lines are held in one act, or none is. */
    create: (lines: readonly NewBatchLine[], { nfeBudget, ...options }: BatchOptions = {}): Promise<Batch> =>
      api.json({
        method: 'POST',
        path: BATCHES,
        query: { nfe_budget: nfeBudget },
        text: { body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''), contentType: JSON_LINES },
        ...options,
      }),
    list: (query: PageQuery = {}, options: CallOptions = {}): Promise<Page<Batch>> =>
      api.json({ method: 'GET', path: BATCHES, query: { ...query }, ...options }),
    /** The generation of each line, in the order of the request, at any time. */
    results: (id: string, options: CallOptions = {}): Promise<BatchResult[]> =>
      api.read({ method: 'GET', path: at(id, '/results'), ...options }, async (response) =>
        (await response.text())
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as BatchResult),
      ),
    /** Every line that has not ended. */
    cancel: (id: string, options: CallOptions = {}): Promise<Batch> =>
      api.json({ method: 'POST', path: at(id, '/cancel'), ...options }),
    /** The batch once every line has ended. */
    wait: async (
      id: string,
      { pollMs = POLL_MS, ...options }: Pick<WaitOptions, 'pollMs' | 'signal'> = {},
    ): Promise<Batch> => {
      for (let looks = 0; ; looks++) {
        const batch = await get(id, options)
        if (batch.status === 'ended') return batch
        await pause(pollMs * Math.min(8, 1 + looks / 4), options.signal)
      }
    },
  }
}
