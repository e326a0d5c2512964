/** The same prompt, seed and budget under two to four searches, side by side. */
import { useState } from 'preact/hooks'
import type { SearchName } from '../../../shared/contract/search-names.ts'
import { drawComparison } from './draw-comparison.ts'
import { saveBlob, saveText } from './export.ts'
import { formatCount, formatMoney, formatReward, formatSeconds } from './format.ts'
import { RunNotes, type ViewProps } from './generate.tsx'
import { ProblemNote } from './problem-note.tsx'
import { PromptForm, requestOf, SeedField } from './prompt-form.tsx'
import { RewardCurve } from './reward-curve.tsx'
import { isOpen, type Run } from './run.ts'
import { bestOf, RunImage, usedOf } from './run-view.tsx'
import { useQuote } from './use-quote.ts'
import { useRuns } from './use-run.ts'
import { Wide } from './wide.tsx'

const MOST = 4
const LEAST = 2
const FIRST: readonly SearchName[] = ['best-of-n', 'svdd', 'rbf']

export const Compare = ({ client, pack, asked, onAsk, onBalance, onOtherKey }: ViewProps) => {
  const [chosen, setChosen] = useState<readonly SearchName[]>(FIRST)
  const { runs, start } = useRuns(client, onBalance)
  const quoted = useQuote(client, requestOf(asked))
  const open = runs.some(isOpen)
  const send = () => {
    const seed = asked.seed === '' ? drawSeed() : Number(asked.seed)
    start(chosen.map((search) => ({ ...requestOf({ ...asked, search }), seed })))
    onBalance()
  }
  const failed = runs.find(({ error }) => error !== undefined)
  return (
    <div class="workbench">
      <form
        class="card ask"
        onSubmit={(event) => {
          event.preventDefault()
          if (!open) send()
        }}
      >
        <h1>Compare searches</h1>
        <PromptForm asked={asked} onAsk={onAsk} pack={pack} quoted={quoted} times={chosen.length} />
        <SeedField asked={asked} onAsk={onAsk} />
        <Choice names={pack?.searches ?? FIRST} chosen={chosen} onChoose={setChosen} />
        <div class="actions">
          <button type="submit" class="primary" disabled={open || chosen.length < LEAST}>
            {open ? 'Searching…' : `Compare ${chosen.length}`}
          </button>
        </div>
      </form>
      <div class="stage">
        {runs.length === 0 && (
          <section class="card welcome">
            <h2>One prompt, one seed, one budget</h2>
            <p>
              Each search gets the same NFEs and the same seed, so what differs is the search. Choose two to four; each
              is a generation of its own, held and billed like any other.
            </p>
          </section>
        )}
        {failed !== undefined && (
          <ProblemNote
            error={failed.error}
            onOtherKey={onOtherKey}
            onBudget={(nfe) => onAsk({ ...asked, budget: Math.floor(nfe / chosen.length) })}
            onRetry={send}
          />
        )}
        {runs.length > 0 && <Compared runs={runs} />}
      </div>
    </div>
  )
}

/** Any number of 32 bits. */
const drawSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0

const Choice = (props: {
  names: readonly SearchName[]
  chosen: readonly SearchName[]
  onChoose: (chosen: readonly SearchName[]) => void
}) => (
  <fieldset class="choice">
    <legend>Searches, two to four</legend>
    {props.names.map((name) => {
      const on = props.chosen.includes(name)
      return (
        <label key={name}>
          <input
            type="checkbox"
            checked={on}
            disabled={!on && props.chosen.length >= MOST}
            onChange={() => props.onChoose(on ? props.chosen.filter((each) => each !== name) : [...props.chosen, name])}
          />
          {name}
        </label>
      )
    })}
  </fieldset>
)

const Compared = ({ runs }: { runs: readonly Run[] }) => (
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
    <Summary runs={runs} />
  </>
)

const Summary = ({ runs }: { runs: readonly Run[] }) => {
  const ended = runs.every(({ phase }) => phase === 'ended')
  const best = Math.max(...runs.map((run) => bestOf(run) ?? -Infinity))
  return (
    <section class="card" aria-labelledby="summary-title">
      <header class="card-head">
        <h2 id="summary-title">Summary</h2>
        {ended && (
          <div class="row">
            <button
              type="button"
              onClick={() => void drawComparison(runs).then((png) => saveBlob(png, 'comparison.png'))}
            >
              PNG
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
          </div>
        )}
      </header>
      <Wide label="Summary">
        <table>
          <thead>
            <tr>
              <th scope="col">Search</th>
              <th scope="col" class="number">
                Reward
              </th>
              <th scope="col">Exact</th>
              <th scope="col" class="number">
                NFEs
              </th>
              <th scope="col" class="number">
                Price
              </th>
              <th scope="col" class="number">
                Time
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr key={run.request.search} class={ended && bestOf(run) === best ? 'winner' : ''}>
                <th scope="row">{run.request.search}</th>
                <td class="number">{formatReward(bestOf(run))}</td>
                <td>{exactOf(run)}</td>
                <td class="number">{formatCount(usedOf(run))}</td>
                <td class="number">
                  {formatMoney(usedOf(run) * (run.generation?.usage.price_micro_usd_per_nfe ?? 0))}
                </td>
                <td class="number">{timeOf(run)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </section>
  )
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
