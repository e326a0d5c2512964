/** The same prompt, seed and budget under two to four searches, side by side. */
import { useState } from 'preact/hooks'
import type { SearchName } from '../../../shared/contract/search-names.ts'
import { isAsked, requestOf } from './asked.ts'
import { Compared } from './compared.tsx'
import type { ViewProps } from './generate.tsx'
import { ProblemNote } from './problem-note.tsx'
import { PromptForm, SeedField } from './prompt-form.tsx'
import { isOpen } from './run.ts'
import { useQuote } from './use-quote.ts'
import { useRuns } from './use-run.ts'

const MOST = 4
const LEAST = 2
const FIRST: readonly SearchName[] = ['best-of-n', 'svdd', 'rbf']

export const Compare = ({ client, onBalance, onOtherKey, ...drafts }: ViewProps) => {
  const { asked, onAsk, pack } = drafts
  const [wanted, setWanted] = useState<readonly SearchName[]>(FIRST)
  // A search that another pack has is not asked of this one.
  const chosen = wanted.filter((name) => pack?.searches.includes(name) ?? true)
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
        <PromptForm {...drafts} quoted={quoted} times={chosen.length} />
        <SeedField asked={asked} onAsk={onAsk} />
        <Choice names={pack?.searches ?? FIRST} chosen={chosen} onChoose={setWanted} />
        <div class="actions">
          <button type="submit" class="primary" disabled={open || chosen.length < LEAST || !isAsked(asked)}>
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
        {runs.length > 0 && <Compared runs={runs} client={client} />}
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
