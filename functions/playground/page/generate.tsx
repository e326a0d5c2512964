/** The view a visitor sees first: ask, and watch the search. */
import { useEffect, useState } from 'preact/hooks'
import type { PackView, Rollover } from '../../../shared/client/client.ts'
import { saveText, saveUrl } from './export.ts'
import { ProblemNote } from './problem-note.tsx'
import { type Asked, PromptForm, requestOf, SearchSettings } from './prompt-form.tsx'
import { RewardCurve } from './reward-curve.tsx'
import { isOpen, type Run } from './run.ts'
import { Counts, Money, RunImage } from './run-view.tsx'
import { SearchView } from './search-view.tsx'
import { useQuote } from './use-quote.ts'
import { useRuns } from './use-run.ts'

export interface ViewProps {
  readonly client: Rollover
  readonly pack: PackView | undefined
  readonly asked: Asked
  readonly onAsk: (asked: Asked) => void
  readonly onBalance: () => void
  readonly onOtherKey: () => void
}

export const Generate = ({ client, pack, asked, onAsk, onBalance, onOtherKey }: ViewProps) => {
  const { runs, start, cancel } = useRuns(client, onBalance)
  const quoted = useQuote(client, requestOf(asked))
  const [run] = runs
  const open = run !== undefined && isOpen(run)
  const send = () => {
    start([requestOf(asked)])
    onBalance()
  }
  return (
    <div class="workbench">
      <form
        class="card ask"
        onSubmit={(event) => {
          event.preventDefault()
          if (!open) send()
        }}
      >
        <h1>Generate</h1>
        <PromptForm asked={asked} onAsk={onAsk} pack={pack} quoted={quoted} />
        <SearchSettings asked={asked} onAsk={onAsk} pack={pack} />
        <div class="actions">
          <button type="submit" class="primary" disabled={open}>
            {!open ? 'Generate' : run.phase === 'running' ? 'Searching…' : 'Waiting…'}
          </button>
          {open && run.generation !== undefined && (
            <button type="button" disabled={run.canceling} onClick={() => void cancel(0)}>
              {run.canceling ? 'Canceling…' : 'Cancel'}
            </button>
          )}
        </div>
      </form>
      <div class="stage">
        {run === undefined ? <Welcome /> : run.phase !== 'refused' && <Shown run={run} />}
        {run?.error !== undefined && (
          <ProblemNote
            error={run.error}
            onOtherKey={onOtherKey}
            onBudget={(budget) => onAsk({ ...asked, budget })}
            onRetry={send}
          />
        )}
      </div>
    </div>
  )
}

const Shown = ({ run }: { run: Run }) => (
  <>
    <RunNotes run={run} />
    <section class="card result" aria-label="Result">
      <RunImage run={run} />
      <div class="facts">
        <Counts run={run} />
        <Money run={run} />
        {run.generation !== undefined && <Exports run={run} />}
      </div>
    </section>
    {(run.progress.length > 0 || run.trace !== undefined) && (
      <>
        <Previews run={run} />
        <SearchView run={run} />
        <section class="card" aria-labelledby="curve-title">
          <header class="card-head">
            <h2 id="curve-title">Best reward against NFEs</h2>
          </header>
          <RewardCurve runs={[run]} label="Best reward against NFEs" />
        </section>
      </>
    )}
  </>
)

const SLOW_START_MS = 8000

/** Waiting long, or cut off: both are said, and that nothing is lost by it. */
export const RunNotes = ({ run }: { run: Run }) => {
  const [late, setLate] = useState(false)
  const queued = run.phase === 'queued'
  useEffect(() => {
    setLate(false)
    if (!queued) return
    const timer = setTimeout(() => setLate(true), SLOW_START_MS)
    return () => clearTimeout(timer)
  }, [queued])
  return (
    <>
      {run.reconnecting && (
        <p class="note warn" role="status">
          <strong>Reconnecting.</strong> The search goes on without us; what was missed is shown as soon as the service
          answers.
        </p>
      )}
      {queued && late && !run.reconnecting && (
        <p class="note warn" role="status">
          <strong>No runner has taken it yet.</strong> It keeps its place in the queue and starts by itself. Canceling
          now is free.
        </p>
      )}
      {run.generation?.error && run.phase === 'ended' && (
        <p class="note bad" role="alert">
          <strong>{run.generation.error.code === 'content_refused' ? 'Not given out.' : 'The search failed.'}</strong>{' '}
          {run.generation.error.detail}
        </p>
      )}
      {run.generation !== undefined && run.generation.outputs_held_back > 0 && (
        <p class="note warn" role="status">
          <strong>Some images are missing.</strong> The content policy of this service holds{' '}
          {run.generation.outputs_held_back} of them back.
        </p>
      )}
    </>
  )
}

const MOST_PREVIEWS = 16

const Previews = ({ run }: { run: Run }) => {
  const seen = run.progress.filter(({ preview }) => preview !== null)
  if (seen.length === 0) return null
  const every = Math.ceil(seen.length / MOST_PREVIEWS)
  // Counted from the end: the newest is always among them.
  const shown = seen.filter((_, at) => (seen.length - 1 - at) % every === 0)
  return (
    <section class="card" aria-labelledby="previews-title">
      <header class="card-head">
        <h2 id="previews-title">How it sharpened</h2>
      </header>
      <ol class="previews">
        {shown.map(({ preview, step, nfe_used }) => (
          <li key={nfe_used}>
            <img src={preview ?? ''} alt={`Best after ${nfe_used} NFEs`} />
            <span>step {step}</span>
          </li>
        ))}
        {run.image !== undefined && (
          <li>
            <img src={run.image} alt="The result" />
            <span>end</span>
          </li>
        )}
      </ol>
    </section>
  )
}

const Exports = ({ run }: { run: Run }) => {
  const { generation, image, traceText } = run
  if (generation === undefined || run.phase !== 'ended') return null
  const name = generation.id
  return (
    <div class="row exports">
      {image !== undefined && (
        <button type="button" onClick={() => saveUrl(image, `${name}.${generation.format}`)}>
          Image
        </button>
      )}
      {traceText !== undefined && (
        <button type="button" onClick={() => saveText(traceText, `${name}.trace.jsonl`)}>
          Trace
        </button>
      )}
      <button type="button" onClick={() => saveText(JSON.stringify(generation, null, 2), `${name}.json`)}>
        JSON
      </button>
      <span class="hint">seed {generation.seed}</span>
    </div>
  )
}

const Welcome = () => (
  <section class="card welcome">
    <h2>Pay for the search, see the search</h2>
    <p>
      One draw of a flow model often miscounts. Rollover draws many candidates on the way from noise to image, scores
      each, and keeps to the path that does what you asked. You set the budget in NFEs, evaluations of the network; what
      is not used comes back.
    </p>
    <ol>
      <li>Say how many of what. The words below the prompt are those the model knows.</li>
      <li>Choose a budget. The price beside it is the most that you can pay.</li>
      <li>Press Generate, and watch quotas roll over from step to step.</li>
    </ol>
  </section>
)
