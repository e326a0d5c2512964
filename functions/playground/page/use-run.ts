/** Runs of a view, and their end when the view goes. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { NewGeneration, Rollover } from '../../../shared/client/client.ts'
import { followRun, newRun, type Run } from './run.ts'

export interface Runs {
  readonly runs: readonly Run[]
  /** Starts them all at once, in place of what was shown. */
  start(requests: readonly NewGeneration[]): void
  cancel(index: number): Promise<void>
}

/** @param onEnd called when a run has ended: the balance has changed. */
export const useRuns = (client: Rollover, onEnd: () => void): Runs => {
  const [runs, setRuns] = useState<readonly Run[]>([])
  const following = useRef(new AbortController())
  useEffect(() => () => following.current.abort(), [])
  const put = (index: number, part: (run: Run) => Run) =>
    setRuns((shown) => shown.map((run, at) => (at === index ? part(run) : run)))
  return {
    runs,
    start: (requests) => {
      following.current.abort()
      following.current = new AbortController()
      const { signal } = following.current
      setRuns(requests.map(newRun))
      requests.forEach((request, index) => {
        const show = (run: Run) => put(index, (before) => ({ ...run, canceling: before.canceling }))
        void followRun(client, request, { show, signal }).then(onEnd)
      })
    },
    cancel: async (index) => {
      const id = runs[index]?.generation?.id
      if (id === undefined) return
      put(index, (run) => ({ ...run, canceling: true }))
      try {
        await client.cancel(id)
      } catch {
        // It ended by itself meanwhile, or the stream will say what is the matter.
        put(index, (run) => ({ ...run, canceling: false }))
      }
    },
  }
}
