/** How many candidates are drawn: while a search runs they appear one by one, as they come; a replay begins anew. */
import { useEffect, useRef } from 'preact/hooks'

/** Candidates a second of a replay: at least this many, and none lasts longer than REPLAY_SECONDS. */
const REPLAY_RATE = 60
const REPLAY_SECONDS = 5
/** Events come in bursts: what one brought is told over about the time until the next. */
const BURST_SECONDS = 0.8
const LEAST_RATE = 12

const wantsStillness = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches

interface Telling {
  /** How many there are. */
  readonly count: number
  readonly live: boolean
  /** Rises with each wish to see it again. */
  readonly replays: number
  readonly draw: (count: number) => void
}

/** @returns how many are drawn now. */
export const useTelling = ({ count, live, replays, draw }: Telling): { readonly current: number } => {
  const shown = useRef(0)
  const replayed = useRef(replays)
  const latest = useRef(draw)
  latest.current = draw
  useEffect(() => {
    if (replayed.current !== replays || shown.current > count) shown.current = 0
    replayed.current = replays
    const behind = count - shown.current
    const rate = live ? Math.max(LEAST_RATE, behind / BURST_SECONDS) : Math.max(REPLAY_RATE, behind / REPLAY_SECONDS)
    const from = shown.current
    let started: number | undefined
    let frame = 0
    const next = (now: number) => {
      started ??= now
      const reached = wantsStillness() ? count : from + ((now - started) / 1000) * rate
      shown.current = Math.min(count, Math.floor(reached))
      latest.current(shown.current)
      if (shown.current < count) frame = requestAnimationFrame(next)
    }
    frame = requestAnimationFrame(next)
    return () => cancelAnimationFrame(frame)
  }, [count, live, replays])
  return shown
}
