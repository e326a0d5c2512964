/** A generation that was asked for before, by this page or by a program: as it stands, or as it ended. */
import { useEffect, useState } from 'preact/hooks'
import type { Rollover } from '../../../shared/client/client.ts'
import type { Asked } from './asked.ts'
import { ProblemNote } from './problem-note.tsx'
import { followStored, type Run } from './run.ts'
import { Shown } from './shown.tsx'

interface StoredProps {
  readonly client: Rollover
  readonly id: string
  readonly onOtherKey: () => void
  readonly onAsk: (asked: Asked) => void
}

export const Stored = ({ client, id, onOtherKey, onAsk }: StoredProps) => {
  const [run, setRun] = useState<Run>()
  const [error, setError] = useState<unknown>()
  const [tries, setTries] = useState(0)
  useEffect(() => {
    const left = new AbortController()
    setRun(undefined)
    setError(undefined)
    followStored(client, id, { show: setRun, signal: left.signal }).catch(
      (failure) => left.signal.aborted || setError(failure),
    )
    return () => left.abort()
  }, [client, id, tries])
  const again = () => {
    if (run === undefined) return
    const { pack = '', prompt, nfe_budget: budget, search = 'rbf', format = '', target_reward } = run.request
    // The form names a reward; a composite or a server of one's own is asked for elsewhere.
    const had = run.generation?.reward
    const reward = had === undefined || 'parts' in had || 'url' in had ? '' : had.name
    const target = target_reward === undefined ? '' : String(target_reward)
    onAsk({ pack, prompt, budget, search, reward, format, target, seed: '' })
    location.hash = '#/generate'
  }
  return (
    <div class="stage">
      <header class="stored-head">
        <div>
          <h1>{run?.request.prompt ?? 'A generation'}</h1>
          <p class="hint">
            {run?.request.search} <code>{id}</code>
          </p>
        </div>
        <div class="row">
          {run !== undefined && (
            <button type="button" onClick={again}>
              Ask again
            </button>
          )}
          <a href="#/account">All generations</a>
        </div>
      </header>
      {(error ?? run?.error) !== undefined && (
        <ProblemNote error={error ?? run?.error} onOtherKey={onOtherKey} onRetry={() => setTries(tries + 1)} />
      )}
      {run === undefined && error === undefined && <p class="card loading">Reading…</p>}
      {run !== undefined && <Shown run={run} client={client} />}
    </div>
  )
}
