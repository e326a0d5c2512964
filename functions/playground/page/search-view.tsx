/** The search itself: columns of candidates and quotas, drawn again as they come; at the end the trace, replayed. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { drawSearch } from './draw-search.ts'
import { formatCount } from './format.ts'
import type { Run } from './run.ts'
import { pictureOfProgress, pictureOfTrace } from './search-columns.ts'

/** Candidates a second of a replay: at least this many, and none lasts longer than REPLAY_SECONDS. */
const REPLAY_RATE = 60
const REPLAY_SECONDS = 5

const wantsStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

export const SearchView = ({ run }: { run: Run }) => {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { trace } = run
  const whole = useMemo(
    () => (trace === undefined ? pictureOfProgress(run.progress) : pictureOfTrace(trace)),
    [trace, run.progress],
  )
  const [replays, setReplays] = useState(0)
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const draw = (upTo?: number) =>
      drawSearch(element, {
        whole,
        picture: trace === undefined || upTo === undefined ? whole : pictureOfTrace(trace, upTo),
      })
    const observer = new ResizeObserver(() => draw())
    if (trace === undefined || wantsStillness()) {
      draw()
      observer.observe(element)
      return () => observer.disconnect()
    }
    const rate = Math.max(REPLAY_RATE, trace.length / REPLAY_SECONDS)
    const started = performance.now()
    let frame = requestAnimationFrame(function next(now) {
      const upTo = Math.ceil(((now - started) / 1000) * rate)
      draw(upTo < trace.length ? upTo : undefined)
      if (upTo < trace.length) frame = requestAnimationFrame(next)
      else observer.observe(element)
    })
    return () => {
      cancelAnimationFrame(frame)
      observer.disconnect()
    }
  }, [whole, trace, replays])
  const accepted = whole.dots.filter((dot) => dot.accepted).length
  const scheme = useColorScheme()
  useEffect(() => {
    if (canvas.current !== null && scheme > 0) drawSearch(canvas.current, { whole, picture: whole })
  }, [scheme])
  return (
    <section class="card" aria-labelledby="search-title">
      <header class="card-head">
        <h2 id="search-title">The search</h2>
        <ul class="legend">
          {trace !== undefined && (
            <li>
              <i class="swatch dot" /> candidate
            </li>
          )}
          <li>
            <i class="swatch accepted" /> {trace === undefined ? 'best so far' : 'accepted'}
          </li>
          <li>
            <i class="swatch used" /> spent
          </li>
          <li>
            <i class="swatch quota" /> saved for later
          </li>
          {trace !== undefined && (
            <li>
              <i class="swatch rolled" /> spent of what was saved
            </li>
          )}
        </ul>
        {trace !== undefined && (
          <button type="button" class="quiet" onClick={() => setReplays(replays + 1)}>
            Replay
          </button>
        )}
      </header>
      <canvas
        ref={canvas}
        class="search"
        role="img"
        aria-label={`${formatCount(whole.dots.length)} ${trace === undefined ? 'points' : 'candidates'} in ${whole.columns.length} of ${whole.steps} steps, ${formatCount(accepted)} ${trace === undefined ? 'events' : 'accepted'}. Reward above, NFEs that each step could spend and did spend below.`}
      />
      <p class="hint">
        {trace === undefined
          ? 'One column a step; steps between two events share what was spent. Each candidate appears once the search has ended.'
          : 'One column a step. What a step saves of its quota rolls over, and the bar of the next one grows by it.'}
      </p>
    </section>
  )
}

/** Rises when the colours of the system change. */
const useColorScheme = (): number => {
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const changed = () => setChanges((count) => count + 1)
    dark.addEventListener('change', changed)
    return () => dark.removeEventListener('change', changed)
  }, [])
  return changes
}
