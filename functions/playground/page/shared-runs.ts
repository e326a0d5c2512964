/** Runs of what a shared link shows, so that it is drawn like one's own: nothing of the account is in them. */
import type { SharedGeneration } from '../../../shared/contract/share.ts'
import { newRun, type Run, readTrace } from './run.ts'

/** Shows the runs at once, and each again once its trace is there. A trace that is not what the receipt says is left out. */
export const runsOfShared = async (
  generations: readonly SharedGeneration[],
  on: { show: (runs: readonly Run[]) => void; signal: AbortSignal },
): Promise<void> => {
  let runs = generations.map(runOf)
  on.show(runs)
  await Promise.all(
    generations.map(async ({ trace }, at) => {
      const text = trace === null ? undefined : await readChecked(trace, on.signal)
      if (text === undefined || on.signal.aborted) return
      runs = runs.map((run, place) => (place === at ? { ...run, traceText: text, trace: readTrace(text) } : run))
      on.show(runs)
    }),
  )
}

const runOf = (generation: SharedGeneration): Run => {
  const { prompt, nfe_budget, search, seed, target_reward, reward, counts, outputs } = generation
  const request = { prompt, nfe_budget, search, seed, ...(target_reward !== null && { target_reward }) }
  return {
    ...newRun(request),
    phase: 'ended',
    generation: { ...generation, reward: { name: reward, ...(counts !== null && { counts }) }, error: null },
    ...(outputs[0] !== undefined && { image: outputs[0].url }),
    ...(outputs[0]?.places && { places: outputs[0].places }),
  }
}

const readChecked = async (
  { url, sha256 }: { url: string; sha256: string },
  signal: AbortSignal,
): Promise<string | undefined> => {
  const bytes = await fetch(url, { signal }).then(
    (answer) => (answer.ok ? answer.arrayBuffer() : undefined),
    () => undefined,
  )
  if (bytes === undefined) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return found === sha256 ? new TextDecoder().decode(bytes) : undefined
}
