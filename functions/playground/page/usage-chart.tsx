/** What was spent, day by day, over the last month. */
import { useCallback } from 'preact/hooks'
import type { Rollover } from '../../../shared/client/client.ts'
import { saveText } from './export.ts'
import { formatCount, formatDay, formatMoney } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import { useAnswer } from './use-answer.ts'

const DAYS = 30
const DAY_MS = 86_400_000
const WIDTH = 900
const HEIGHT = 170
const LEFT = 104
const BOTTOM = 24
const TOP = 12

/** The last days in UTC, oldest first, from the clock of the visitor. */
const lastDays = (): string[] => {
  const today = performance.timeOrigin + performance.now()
  return Array.from({ length: DAYS }, (_, index) =>
    new Date(today - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  )
}

export const UsageChart = ({ client }: { client: Rollover }) => {
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const days = lastDays()
      const report = await client.books.usage({ from: days[0] ?? '', to: days.at(-1) ?? '' }, { signal })
      return { days, report }
    },
    [client],
  )
  const { answer, error, again } = useAnswer(ask)
  return (
    <section class="card" aria-labelledby="usage-title">
      <header class="card-head">
        <h2 id="usage-title">Usage, last {DAYS} days</h2>
        {answer !== undefined && (
          <button
            type="button"
            class="quiet"
            onClick={() =>
              void client.books
                .usageCsv({ from: answer.report.from, to: answer.report.to })
                .then((csv) => saveText(csv, `usage-${answer.report.from}-${answer.report.to}.csv`))
            }
          >
            CSV
          </button>
        )}
      </header>
      {error !== undefined && <ProblemNote error={error} onRetry={again} />}
      {answer === undefined && error === undefined && <p class="loading">Reading…</p>}
      {answer !== undefined && (
        <>
          <p class="hint">
            {formatCount(answer.report.total.generations)} generation
            {answer.report.total.generations === 1 ? '' : 's'}, {formatCount(answer.report.total.nfe_used)} NFEs,{' '}
            {formatMoney(answer.report.total.price_micro_usd)}. Days in UTC.
          </p>
          <Bars days={answer.days} report={answer.report} />
        </>
      )}
    </section>
  )
}

const Bars = (on: {
  days: readonly string[]
  report: { data: readonly { date: string; price_micro_usd: number; nfe_used: number }[] }
}) => {
  const sums = on.days.map((date) =>
    on.report.data.filter((row) => row.date === date).reduce((sum, row) => sum + row.price_micro_usd, 0),
  )
  const most = Math.max(1, ...sums)
  const width = (WIDTH - LEFT) / on.days.length
  const tall = (amount: number) => (amount / most) * (HEIGHT - TOP - BOTTOM)
  return (
    <svg
      class="usage"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Spent by day: ${on.days.flatMap((date, index) => (sums[index] ? `${formatDay(date)} ${formatMoney(sums[index] ?? 0)}` : [])).join(', ') || 'nothing'}`}
    >
      {[0, 1].map((part) => (
        <g key={part}>
          <line
            class="grid"
            x1={LEFT}
            x2={WIDTH}
            y1={HEIGHT - BOTTOM - tall(most * part)}
            y2={HEIGHT - BOTTOM - tall(most * part)}
          />
          <text x={LEFT - 10} y={HEIGHT - BOTTOM - tall(most * part)} text-anchor="end" dominant-baseline="middle">
            {part === 0 ? '$0' : formatMoney(most === 1 ? 0 : most)}
          </text>
        </g>
      ))}
      {on.days.map((date, index) => (
        <g key={date}>
          <rect
            x={LEFT + index * width + 3}
            width={width - 6}
            y={HEIGHT - BOTTOM - tall(sums[index] ?? 0)}
            height={tall(sums[index] ?? 0)}
            rx="2"
          >
            <title>
              {formatDay(date)}: {formatMoney(sums[index] ?? 0)}
            </title>
          </rect>
          {(on.days.length - 1 - index) % 7 === 0 && (
            <text
              x={LEFT + (index + 0.5) * width}
              y={HEIGHT - 6}
              text-anchor={index === on.days.length - 1 ? 'end' : 'middle'}
            >
              {formatDay(date)}
            </text>
          )}
        </g>
      ))}
    </svg>
  )
}
