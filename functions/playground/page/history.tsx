/** What was generated, newest first, page after page. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Generation, GenerationStatus, Rollover } from '../../../shared/client/client.ts'
import { formatCount, formatMoney, formatReward, formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { pictureOf } from './read-files.ts'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

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
          <a href="#/generate">Ask for something.</a>
        </p>
      )}
      {rows.length > 0 && <Table label="History" rows={rows} keyOf={({ id }) => id} columns={COLUMNS} />}
      {next != null && (
        <button type="button" class="more" onClick={() => void more(next)}>
          Older
        </button>
      )}
    </section>
  )
}

const COLUMNS: readonly Column<Generation>[] = [
  {
    name: 'Image',
    cell: ({ outputs: [output], prompt }) =>
      output === undefined ? (
        <span class="thumb none" />
      ) : (
        <img class="thumb" src={pictureOf(output)} alt={`Result for: ${prompt}`} loading="lazy" />
      ),
  },
  {
    name: 'Prompt',
    kind: 'prompt',
    cell: ({ id, prompt }) => (
      <>
        <a href={`#/generations/${id}`}>{prompt}</a>
        <small>{id}</small>
      </>
    ),
  },
  { name: 'Search', cell: ({ search }) => search },
  {
    name: 'Status',
    cell: ({ status }) => (
      <span class={`badge ${status === 'succeeded' ? 'good' : status === 'failed' ? 'bad' : ''}`}>{status}</span>
    ),
  },
  { name: 'Reward', kind: 'number', cell: ({ result }) => formatReward(result?.reward) },
  { name: 'NFEs', kind: 'number', cell: ({ usage }) => formatCount(usage.nfe_used) },
  { name: 'Price', kind: 'number', cell: ({ usage }) => formatMoney(usage.price_micro_usd) },
  { name: 'When', kind: 'when', cell: ({ created_at }) => formatTime(created_at) },
]
