/** Batches: how far each is, and what it cost. They are made by programs. */
import { useCallback, useEffect } from 'preact/hooks'
import type { Batch, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

/** While one is open, it is looked at again. */
const LOOK_AGAIN_MS = 2500

export const Batches = ({ client }: { client: Rollover }) => {
  const ask = useCallback((signal: AbortSignal) => client.batches.list({ limit: 10 }, { signal }), [client])
  const { answer, error, again } = useAnswer(ask)
  useEffect(() => {
    if (!answer?.data.some(({ status }) => status === 'open')) return
    const timer = setTimeout(again, LOOK_AGAIN_MS)
    return () => clearTimeout(timer)
  }, [answer, again])
  return (
    <section class="card" aria-labelledby="batches-title">
      <header class="card-head">
        <h2 id="batches-title">Batches</h2>
      </header>
      {error !== undefined && <ProblemNote error={error} onRetry={again} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {answer?.data.length === 0 && (
        <p class="empty">
          None yet. A batch is many prompts in one request: see <a href="/reference#createBatch">the reference</a>.
        </p>
      )}
      {answer !== undefined && answer.data.length > 0 && (
        <Table
          label="Batches"
          rows={answer.data}
          keyOf={({ id }) => id}
          columns={columns((id) => client.batches.cancel(id).then(again, again))}
        />
      )}
    </section>
  )
}

const columns = (onCancel: (id: string) => Promise<void>): readonly Column<Batch>[] => [
  { name: 'Batch', names: true, cell: ({ id }) => <code>{id}</code> },
  {
    name: 'Status',
    cell: ({ status }) => <span class={`badge ${status === 'ended' ? 'good' : ''}`}>{status}</span>,
  },
  { name: 'Lines', cell: ({ lines, progress }) => `${formatCount(lines)}: ${spell(progress)}` },
  { name: 'NFEs', kind: 'number', cell: ({ usage }) => formatCount(usage.nfe_used) },
  { name: 'Price', kind: 'number', cell: ({ usage }) => formatMoney(usage.price_micro_usd) },
  { name: 'When', kind: 'when', cell: ({ created_at }) => formatTime(created_at) },
  {
    name: 'Actions',
    quiet: true,
    cell: ({ id, status }) =>
      status === 'open' && (
        <button type="button" class="quiet" aria-label={`Cancel ${id}`} onClick={() => void onCancel(id)}>
          Cancel
        </button>
      ),
  },
]

const spell = (progress: Batch['progress']): string =>
  Object.entries(progress)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
