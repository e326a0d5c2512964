/** The search itself: columns of candidates and quotas, growing as they come; at the end it can be played again. */
import { useMemo, useState } from 'preact/hooks'
import { formatCount, formatReward } from './format.ts'
import { type Run, toldOf } from './run.ts'
import { type DrawnSearch, SearchCanvas } from './search-canvas.tsx'
import { pictureOf, type SearchPicture, type Column as Step } from './search-columns.ts'
import { type Column, Table } from './table.tsx'

const MODES = { film: 'Pictures', rewards: 'Rewards' } as const
type Mode = DrawnSearch['mode']

export const SearchView = ({ run }: { run: Run }) => {
  const told = toldOf(run)
  const planned = run.progress.at(-1)?.steps
  const whole = useMemo(() => pictureOf(told, planned), [told, planned])
  const [chosen, setChosen] = useState<Mode>()
  const [replays, setReplays] = useState(0)
  const mode = chosen ?? (run.thumbnails.size > 0 || told.length === 0 ? 'film' : 'rewards')
  return (
    <section class="card" aria-labelledby="search-title">
      <header class="card-head">
        <h2 id="search-title">The search</h2>
        {/* Thumbnails come with live events, which are kept for a day. */}
        <fieldset class="switch" hidden={run.phase === 'ended' && run.thumbnails.size === 0}>
          <legend class="hidden">What is drawn</legend>
          {(Object.keys(MODES) as Mode[]).map((name) => (
            <label key={name}>
              <input type="radio" name="search-mode" checked={name === mode} onChange={() => setChosen(name)} />
              {MODES[name]}
            </label>
          ))}
        </fieldset>
        <Legend />
        {run.phase === 'ended' && (
          <button type="button" class="quiet" onClick={() => setReplays(replays + 1)}>
            Replay
          </button>
        )}
      </header>
      <SearchCanvas
        told={told}
        whole={whole}
        thumbnails={run.thumbnails}
        mode={mode}
        live={run.phase !== 'ended'}
        replays={replays}
      />
      <p class="hint">
        One column a step{mode === 'film' ? ', one thumbnail a candidate' : ''}. What a step saves of its quota rolls
        over: the ribbon leads to the bar that grows by it.
      </p>
      <StepTable whole={whole} />
    </section>
  )
}

const Legend = () => (
  <ul class="legend">
    <li>
      <i class="swatch accepted" /> accepted
    </li>
    <li>
      <i class="swatch used" /> spent
    </li>
    <li>
      <i class="swatch quota" /> saved, rolls over
    </li>
    <li>
      <i class="swatch rolled" /> spent of what was saved
    </li>
  </ul>
)

/** The same in words and numbers, for whoever does not see the drawing or wants to copy it. */
const StepTable = ({ whole }: { whole: SearchPicture }) => {
  const [open, setOpen] = useState(false)
  return (
    <details class="steps" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Steps as a table</summary>
      {open && (
        <Table label="Steps of the search" rows={whole.columns} keyOf={({ step }) => step} columns={STEP_COLUMNS} />
      )}
    </details>
  )
}

const bestReward = ({ candidates }: Step): number | null => {
  const rewards = candidates.flatMap(({ reward }) => reward ?? [])
  return rewards.length === 0 ? null : Math.max(...rewards)
}

const STEP_COLUMNS: readonly Column<Step>[] = [
  { name: 'Step', names: true, cell: ({ step }) => step + 1 },
  { name: 'Candidates', kind: 'number', cell: ({ candidates }) => formatCount(candidates.length) },
  { name: 'Best reward', kind: 'number', cell: (step) => formatReward(bestReward(step)) },
  {
    name: 'Accepted',
    kind: 'number',
    cell: ({ candidates }) => formatCount(candidates.filter(({ accepted }) => accepted).length),
  },
  { name: 'Quota', kind: 'number', cell: ({ quota }) => formatCount(quota) },
  { name: 'Rolled in', kind: 'number', cell: ({ received }) => formatCount(received) },
  { name: 'Spent', kind: 'number', cell: ({ used }) => formatCount(used) },
  { name: 'Saved', kind: 'number', cell: ({ quota, used }) => formatCount(quota - used) },
]
