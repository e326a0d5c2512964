/** One run, whole: the image, what was asked and found, the money, the search. */
import { useEffect, useState } from 'preact/hooks'
import type { Rollover } from '../../../shared/client/client.ts'
import type { OutputFormat } from '../../../shared/contract/output.ts'
import { saveText, saveUrl } from './export.ts'
import { PathFacts } from './path-facts.tsx'
import { RewardCurve } from './reward-curve.tsx'
import type { Run } from './run.ts'
import { Counts, Money, RunImage } from './run-view.tsx'
import { SearchView } from './search-view.tsx'
import { ShareButton } from './share-button.tsx'

export const Shown = ({ run, client }: { run: Run; client?: Rollover }) => (
  <>
    <RunNotes run={run} />
    <section class="card result" aria-label="Result">
      <RunImage run={run} />
      <div class="facts">
        <Counts run={run} />
        {run.path !== undefined && <PathFacts path={run.path} />}
        <Money run={run} />
        {run.generation !== undefined && <Exports run={run} client={client} />}
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
      {run.generation !== undefined && (run.generation.outputs_held_back ?? 0) > 0 && (
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
        {shown.map(({ preview, nfe_used }) => (
          <li key={nfe_used}>
            <img src={preview ?? ''} alt={`Best after ${nfe_used} NFEs`} />
            <span>{nfe_used} NFEs</span>
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

/** What a file is called. The numbers of a path are not the generation, which is JSON too. */
const FILES: Readonly<Record<OutputFormat, { label: string; ending: string }>> = {
  png: { label: 'Image', ending: 'png' },
  webp: { label: 'Image', ending: 'webp' },
  jpeg: { label: 'Image', ending: 'jpeg' },
  svg: { label: 'Drawing', ending: 'svg' },
  json: { label: 'Points', ending: 'path.json' },
}

const Exports = ({ run, client }: { run: Run; client: Rollover | undefined }) => {
  const { generation, files = [], traceText } = run
  if (generation === undefined || run.phase !== 'ended') return null
  const name = generation.id ?? 'shared'
  return (
    <div class="row exports">
      {files.map(({ format, url }) => (
        <button key={format} type="button" onClick={() => saveUrl(url, `${name}.${FILES[format].ending}`)}>
          {FILES[format].label}
        </button>
      ))}
      {traceText !== undefined && (
        <button type="button" onClick={() => saveText(traceText, `${name}.trace.jsonl`)}>
          Trace
        </button>
      )}
      <button type="button" onClick={() => saveText(JSON.stringify(generation, null, 2), `${name}.json`)}>
        JSON
      </button>
      {client !== undefined && generation.id !== undefined && (
        <ShareButton client={client} generations={[generation.id]} />
      )}
      <span class="hint">seed {generation.seed}</span>
    </div>
  )
}
