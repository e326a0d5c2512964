/** What was generated, newest first, page after page. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Generation, GenerationStatus, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatReward, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { useAnswer } from './use-answer.ts'
import { Wide } from './wide.tsx'

const PAGE = 20
const STATUSES: readonly GenerationStatus[] = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired']

export const History = ({ client }: { client: Rollover }) => {
  const [status, setStatus] = useState<GenerationStatus>()
  const [older, setOlder] = useState<{ rows: readonly Generation[]; next: string | null; error?: unknown }>()
  const query = useCallback(
    (cursor?: string) => ({ limit: PAGE, ...(status && { status }), ...(cursor && { cursor }) }),
    [status],
  )
  const ask = useCallback((signal: AbortSignal) => client.list(query(), { signal }), [client, query])
  const { answer, error, again } = useAnswer(ask)
  useEffect(() => setOlder(undefined), [answer])
  const next = older === undefined ? answer?.next_cursor : older.next
  const more = async (cursor: string) => {
    const rows = older?.rows ?? []
    try {
      const page = await client.list(query(cursor))
      setOlder({ rows: [...rows, ...page.data], next: page.next_cursor })
    } catch (failure) {
      setOlder({ rows, next: cursor, error: failure })
    }
  }
  const rows = [...(answer?.data ?? []), ...(older?.rows ?? [])]
  return (
    <section class="card" aria-labelledby="history-title">
      <header class="card-head">
        <h2 id="history-title">History</h2>
        <div class="row">
          <select
            aria-label="Status"
            class="small"
            value={status ?? ''}
            onChange={({ currentTarget: { value } }) => setStatus(STATUSES.find((each) => each === value))}
          >
            <option value="">every status</option>
            {STATUSES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
          <button type="button" class="quiet" onClick={again}>
            Refresh
          </button>
        </div>
      </header>
      {(error ?? older?.error) !== undefined && <ProblemNote error={error ?? older?.error} onRetry={again} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {answer !== undefined && rows.length === 0 && (
        <p class="empty">
          {status === undefined ? 'Nothing generated yet. ' : `Nothing that is ${status}. `}
          <a href="#/generate">Ask for an image.</a>
        </p>
      )}
      {rows.length > 0 && <HistoryTable rows={rows} />}
      {next != null && (
        <button type="button" class="more" onClick={() => void more(next)}>
          Older
        </button>
      )}
    </section>
  )
}

const HistoryTable = ({ rows }: { rows: readonly Generation[] }) => (
  <Wide label="History">
    <table>
      <thead>
        <tr>
          <th scope="col">Image</th>
          <th scope="col">Prompt</th>
          <th scope="col">Search</th>
          <th scope="col">Status</th>
          <th scope="col" class="number">
            Reward
          </th>
          <th scope="col" class="number">
            NFEs
          </th>
          <th scope="col" class="number">
            Price
          </th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              {row.outputs[0] === undefined ? (
                <span class="thumb none" />
              ) : (
                <img class="thumb" src={row.outputs[0].url} alt={`Result for: ${row.prompt}`} loading="lazy" />
              )}
            </td>
            <td class="prompt">
              <a href={`#/generations/${row.id}`}>{row.prompt}</a>
              <small>{row.id}</small>
            </td>
            <td>{row.search}</td>
            <td>
              <span class={`badge ${row.status === 'succeeded' ? 'good' : row.status === 'failed' ? 'bad' : ''}`}>
                {row.status}
              </span>
            </td>
            <td class="number">{formatReward(row.result?.reward)}</td>
            <td class="number">{formatCount(row.usage.nfe_used)}</td>
            <td class="number">{formatMoney(row.usage.price_micro_usd)}</td>
            <td class="when">{formatTime(row.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Wide>
)
