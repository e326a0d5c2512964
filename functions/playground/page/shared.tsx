/** What a shared link shows: read-only, without a key. Its words are somebody else's, and are shown as a quotation. */
import { useCallback, useState } from 'preact/hooks'
import { RolloverError, readShared } from '../../../shared/client/client.ts'
import { Compared } from './compared.tsx'
import { formatTime } from './format.ts'
import { ProblemNote } from './problem-note.tsx'
import type { Run } from './run.ts'
import { runsOfShared } from './shared-runs.ts'
import { Shown } from './shown.tsx'
import { useAnswer } from './use-answer.ts'

export const SharedPage = ({ token }: { token: string }) => {
  const [runs, setRuns] = useState<readonly Run[]>([])
  const ask = useCallback(
    async (signal: AbortSignal) => {
      const shared = await readShared(token, { baseUrl: location.origin, signal })
      await runsOfShared(shared.generations, { show: setRuns, signal })
      return shared
    },
    [token],
  )
  const { answer, error, again } = useAnswer(ask)
  const [run] = runs
  return (
    <main id="main">
      <div class="stage">
        {run !== undefined && (
          <header class="stored-head">
            <div>
              <h1>{runs.length > 1 ? `${runs.length} searches compared` : 'One search'}</h1>
              <blockquote class="asked">{run.request.prompt}</blockquote>
              {answer !== undefined && (
                <p class="hint">Shared by whoever asked for it, until {formatTime(answer.expires_at)}.</p>
              )}
            </div>
            <a href="#/generate">Search for one of your own</a>
          </header>
        )}
        {error !== undefined && <SharedProblem error={error} onRetry={again} />}
        {run === undefined && error === undefined && <p class="card loading">Reading…</p>}
        {runs.length > 1 ? <Compared runs={runs} /> : run !== undefined && <Shown run={run} />}
      </div>
    </main>
  )
}

const SharedProblem = ({ error, onRetry }: { error: unknown; onRetry: () => void }) => {
  const gone = error instanceof RolloverError && [404, 410].includes(error.status)
  if (!gone) return <ProblemNote error={error} onRetry={onRetry} />
  return (
    <section class="card welcome" role="alert">
      <h1>{error.status === 410 ? 'This link has ended' : 'This link opens nothing'}</h1>
      <p>
        {error.message} Ask whoever sent it for another. <a href="#/generate">To the playground.</a>
      </p>
    </section>
  )
}
