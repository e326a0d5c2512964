/** Months: what was opened with, credited, charged, and what an accountant files. */
import { useCallback, useState } from 'preact/hooks'
import type { Rollover, StatementView } from '../../../shared/client/client.ts'
import { saveText } from './export.ts'
import { formatCount, formatMoney } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { type Column, Table } from './table.tsx'
import { useAnswer } from './use-answer.ts'

const MONTHS = 3

/** The last months in UTC since the account was opened, newest first, by the clock of the visitor. */
const lastMonths = (opened: string): string[] => {
  const today = new Date(performance.timeOrigin + performance.now())
  const months = Array.from({ length: MONTHS }, (_, ago) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - ago, 1)).toISOString().slice(0, 7),
  )
  return months.filter((month) => month >= opened.slice(0, 7))
}

export const Statements = ({ client, opened }: { client: Rollover; opened: string }) => {
  const [refused, setRefused] = useState<unknown>()
  const ask = useCallback(
    (signal: AbortSignal) => Promise.all(lastMonths(opened).map((month) => client.books.statement(month, { signal }))),
    [client, opened],
  )
  const { answer, error, again } = useAnswer(ask)
  const save = async (name: string, read: () => Promise<string>) => {
    setRefused(undefined)
    try {
      saveText(await read(), name)
    } catch (failure) {
      setRefused(failure)
    }
  }
  return (
    <section class="card" aria-labelledby="statements-title">
      <header class="card-head">
        <h2 id="statements-title">Statements and invoices</h2>
      </header>
      {(error ?? refused) !== undefined && <ProblemNote error={error ?? refused} onRetry={again} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {answer !== undefined && (
        <Table
          label="Statements"
          rows={answer}
          keyOf={({ month }) => month}
          columns={[...COLUMNS, filesOf(client, save)]}
        />
      )}
      <p class="hint">An invoice is there once its month is closed, about an hour after its end in UTC.</p>
    </section>
  )
}

const COLUMNS: readonly Column<StatementView>[] = [
  { name: 'Month', names: true, cell: ({ month }) => month },
  { name: 'Opening', kind: 'number', cell: (statement) => formatMoney(statement.opening_micro_usd) },
  { name: 'Credited', kind: 'number', cell: (statement) => formatMoney(statement.credited_micro_usd) },
  { name: 'Charged', kind: 'number', cell: (statement) => formatMoney(statement.charged_micro_usd) },
  { name: 'Closing', kind: 'number', cell: (statement) => formatMoney(statement.closing_micro_usd) },
  {
    name: 'NFEs',
    kind: 'number',
    cell: ({ charges }) => formatCount(charges.reduce((sum, { nfe_used }) => sum + nfe_used, 0)),
  },
  {
    name: 'State',
    cell: ({ status }) => <span class={`badge ${status === 'closed' ? 'good' : ''}`}>{status}</span>,
  },
]

const filesOf = (
  { books }: Rollover,
  save: (name: string, read: () => Promise<string>) => Promise<void>,
): Column<StatementView> => ({
  name: 'Files',
  quiet: true,
  cell: ({ month, status }) => (
    <span class="row end">
      <button
        type="button"
        class="quiet"
        aria-label={`Statement of ${month} as CSV`}
        onClick={() => void save(`statement-${month}.csv`, () => books.statementCsv(month))}
      >
        Statement
      </button>
      <button
        type="button"
        class="quiet"
        aria-label={`Invoice of ${month} as CSV`}
        disabled={status === 'open'}
        onClick={() => void save(`invoice-${month}.csv`, () => books.invoiceCsv(month))}
      >
        Invoice
      </button>
    </span>
  ),
})
