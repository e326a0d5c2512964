/** The view a visitor sees first: ask, and watch the search. */
import { useEffect, useRef } from 'preact/hooks'
import type { PackView, Rollover } from '../../../shared/client/client.ts'
import { type Drafts, isAsked, requestOf } from './asked.ts'
import { ProblemNote } from './problem-note.tsx'
import { PromptForm, SearchSettings } from './prompt-form.tsx'
import { isOpen } from './run.ts'
import { Shown } from './shown.tsx'
import { useQuote } from './use-quote.ts'
import { useRuns } from './use-run.ts'

export interface ViewProps extends Drafts {
  readonly client: Rollover
  readonly packs: readonly PackView[]
  readonly onBalance: () => void
  readonly onOtherKey: () => void
}

/** As in the style sheet. */
const NARROW = 900

export const Generate = ({ client, onBalance, onOtherKey, ...drafts }: ViewProps) => {
  const { asked, onAsk, pack } = drafts
  const { runs, start, cancel } = useRuns(client, onBalance)
  const quoted = useQuote(client, requestOf(asked))
  const [run] = runs
  const open = run !== undefined && isOpen(run)
  const stage = useRef<HTMLDivElement>(null)
  const send = () => {
    start([requestOf(asked)])
    onBalance()
  }
  useEffect(() => {
    // On a narrow screen the result stands below the form, out of sight.
    if (run?.phase === 'sending' && innerWidth <= NARROW) stage.current?.scrollIntoView({ block: 'start' })
  }, [run?.phase])
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
        <PromptForm {...drafts} quoted={quoted} />
        <SearchSettings asked={asked} onAsk={onAsk} pack={pack} />
        <div class="actions">
          <button type="submit" class="primary" disabled={open || !isAsked(asked)}>
            {!open ? 'Generate' : run.phase === 'running' ? 'Searching…' : 'Waiting…'}
          </button>
          {open && run.generation !== undefined && (
            <button type="button" disabled={run.canceling} onClick={() => void cancel(0)}>
              {run.canceling ? 'Canceling…' : 'Cancel'}
            </button>
          )}
        </div>
      </form>
      <div class="stage" ref={stage}>
        {run === undefined ? <Welcome pack={pack} /> : run.phase !== 'refused' && <Shown run={run} client={client} />}
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

const Welcome = ({ pack }: { pack: PackView | undefined }) => (
  <section class="card welcome">
    <h2>Pay for the search, see the search</h2>
    <p>
      One draw of a flow model often misses what was asked. Rollover draws many candidates on the way from noise to
      result, scores each, and keeps to those that do it. You set the budget in NFEs, evaluations of the network; what
      is not used comes back.
    </p>
    <ol>
      <li>{howToAsk(pack)}</li>
      <li>Choose a budget. The price beside it is the most that you can pay.</li>
      <li>Press Generate, and watch quotas roll over from step to step.</li>
    </ol>
  </section>
)

const howToAsk = (pack: PackView | undefined): string => {
  if (pack?.prompt_form) return 'Choose what stands in each place of the sentence.'
  if (pack && pack.vocabulary.countable.length > 0)
    return 'Say how many of what. The words below the prompt are those the model knows.'
  return 'Say what you want.'
}
