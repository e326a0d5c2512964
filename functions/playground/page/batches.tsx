/** Batches: how far each is, and what it cost. They are made by programs. */
import { useCallback, useEffect } from 'preact/hooks'
import type { Batch, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { useAnswer } from './use-answer.ts'
import { Wide } from './wide.tsx'

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
        <BatchTable rows={answer.data} onCancel={(id) => client.batches.cancel(id).then(again, again)} />
      )}
    </section>
  )
}

const BatchTable = ({ rows, onCancel }: { rows: readonly Batch[]; onCancel: (id: string) => Promise<void> }) => (
  <Wide label="Batches">
    <table>
      <thead>
        <tr>
          <th scope="col">Batch</th>
          <th scope="col">Status</th>
          <th scope="col">Lines</th>
          <th scope="col" class="number">
            NFEs
          </th>
          <th scope="col" class="number">
            Price
          </th>
          <th scope="col">When</th>
          <th scope="col">
            <span class="hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ id, status, lines, progress, usage, created_at }) => (
          <tr key={id}>
            <th scope="row">
              <code>{id}</code>
            </th>
            <td>
              <span class={`badge ${status === 'ended' ? 'good' : ''}`}>{status}</span>
            </td>
            <td>
              {formatCount(lines)}: {spell(progress)}
            </td>
            <td class="number">{formatCount(usage.nfe_used)}</td>
            <td class="number">{formatMoney(usage.price_micro_usd)}</td>
            <td class="when">{formatTime(created_at)}</td>
            <td>
              {status === 'open' && (
                <button type="button" class="quiet" aria-label={`Cancel ${id}`} onClick={() => void onCancel(id)}>
                  Cancel
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Wide>
)

const spell = (progress: Batch['progress']): string =>
  Object.entries(progress)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`)
    .join(', ')
