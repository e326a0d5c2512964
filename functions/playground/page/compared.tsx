/** Searches side by side, and what each came to. */
import type { Rollover } from '../../../shared/client/client.ts'
import { drawComparison } from './draw-comparison.ts'
import { saveBlob, saveText } from './export.ts'
import { formatCount, formatMoney, formatReward, formatSeconds } from './format.ts'
import { RewardCurve } from './reward-curve.tsx'
import type { Run } from './run.ts'
import { bestOf, RunImage, usedOf } from './run-view.tsx'
import { ShareButton } from './share-button.tsx'
import { RunNotes } from './shown.tsx'
import { type Column, Table } from './table.tsx'

export const Compared = ({ runs, client }: { runs: readonly Run[]; client?: Rollover }) => (
  <>
    {runs[0] !== undefined && <RunNotes run={runs.find(({ reconnecting }) => reconnecting) ?? runs[0]} />}
    <section class={`side-by-side of-${runs.length}`} aria-label="Images">
      {runs.map((run, index) => (
        <div class="card" key={run.request.search}>
          <h2>
            <i class={`swatch series-${index}`} /> {run.request.search}
          </h2>
          <RunImage run={run} />
        </div>
      ))}
    </section>
    <section class="card" aria-labelledby="compare-curve">
      <header class="card-head">
        <h2 id="compare-curve">Best reward against NFEs</h2>
      </header>
      <RewardCurve runs={runs} label="Best reward against NFEs" />
    </section>
    <Summary runs={runs} client={client} />
  </>
)

const Summary = ({ runs, client }: { runs: readonly Run[]; client: Rollover | undefined }) => {
  const ended = runs.every(({ phase }) => phase === 'ended')
  const best = Math.max(...runs.map((run) => bestOf(run) ?? -Infinity))
  return (
    <section class="card" aria-labelledby="summary-title">
      <header class="card-head">
        <h2 id="summary-title">Summary</h2>
        {ended && <ComparisonExports runs={runs} client={client} />}
      </header>
      <Table
        label="Summary"
        rows={runs}
        keyOf={({ request }) => request.search}
        classOf={(run) => (ended && bestOf(run) === best ? 'winner' : '')}
        columns={COLUMNS}
      />
    </section>
  )
}

const COLUMNS: readonly Column<Run>[] = [
  { name: 'Search', names: true, cell: ({ request }) => request.search },
  { name: 'Reward', kind: 'number', cell: (run) => formatReward(bestOf(run)) },
  { name: 'Exact', cell: (run) => exactOf(run) },
  { name: 'NFEs', kind: 'number', cell: (run) => formatCount(usedOf(run)) },
  { name: 'Price', kind: 'number', cell: (run) => priceOf(run) },
  { name: 'Time', kind: 'number', cell: (run) => timeOf(run) },
]

const ComparisonExports = ({ runs, client }: { runs: readonly Run[]; client: Rollover | undefined }) => {
  const ids = runs.flatMap(({ generation }) => generation?.id ?? [])
  return (
    <div class="row exports">
      <button type="button" onClick={() => void drawComparison(runs).then((png) => saveBlob(png, 'comparison.png'))}>
        PNG
      </button>
      <button type="button" onClick={() => saveText(tracesOf(runs), 'comparison.traces.jsonl')}>
        Traces
      </button>
      <button
        type="button"
        onClick={() =>
          saveText(
            JSON.stringify(
              runs.map(({ generation }) => generation),
              null,
              2,
            ),
            'comparison.json',
          )
        }
      >
        JSON
      </button>
      {client !== undefined && ids.length === runs.length && <ShareButton client={client} generations={ids} />}
    </div>
  )
}

/** All traces in one file: each line says of which search it is. */
const tracesOf = (runs: readonly Run[]): string =>
  runs
    .flatMap(({ request, trace = [] }) => trace.map((line) => JSON.stringify({ search: request.search, ...line })))
    .join('\n')

const priceOf = (run: Run): string => {
  const price = run.generation?.usage.price_micro_usd_per_nfe
  return price === undefined ? '–' : formatMoney(usedOf(run) * price)
}

const timeOf = ({ generation }: Run): string =>
  generation?.started_at == null || generation.finished_at === null
    ? '…'
    : formatSeconds((Date.parse(generation.finished_at) - Date.parse(generation.started_at)) / 1000)

/** `–` where the reward does not count. */
const exactOf = ({ generation }: Run): string => {
  if (generation?.result == null) return '…'
  const { counts } = generation.result
  return counts === null ? '–' : counts.exact ? 'yes' : 'no'
}
