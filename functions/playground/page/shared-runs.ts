/** Runs of what a shared link shows, so that it is drawn like one's own: nothing of the account is in them. */
import type { SharedGeneration } from '../../../shared/contract/share.ts'
import { newRun, pictureOf, type Run, readTrace } from './run.ts'

/**
 * Shows the runs at once, and each again as its files are there. The image is read into the page too, so that it can be saved and
 * drawn from; a file that is not what its hash says is left out.
 */
export const runsOfShared = async (
  generations: readonly SharedGeneration[],
  on: { show: (runs: readonly Run[]) => void; signal: AbortSignal },
): Promise<void> => {
  let runs = generations.map(runOf)
  const put = (at: number, part: Partial<Run>) => {
    runs = runs.map((run, place) => (place === at ? { ...run, ...part } : run))
    if (!on.signal.aborted) on.show(runs)
  }
  on.show(runs)
  await Promise.all(
    generations.flatMap(({ trace, outputs: [output] }, at) => [
      readChecked(trace, on.signal).then((bytes) => {
        if (bytes === undefined) return
        const traceText = new TextDecoder().decode(bytes)
        put(at, { traceText, trace: readTrace(traceText) })
      }),
      readChecked(output, on.signal).then((bytes) => {
        if (bytes !== undefined && output !== undefined)
          put(at, { image: URL.createObjectURL(new Blob([bytes], { type: output.content_type })) })
      }),
    ]),
  )
}

const runOf = (generation: SharedGeneration): Run => {
  const { prompt, nfe_budget, search, seed, target_reward, reward, counts, outputs } = generation
  const request = { prompt, nfe_budget, search, seed, ...(target_reward !== null && { target_reward }) }
  const [output] = outputs
  return {
    ...newRun(request),
    phase: 'ended',
    generation: { ...generation, reward: { name: reward, ...(counts !== null && { counts }) }, error: null },
    ...(output !== undefined && { image: pictureOf(output) }),
    ...(output?.places && { places: output.places }),
  }
}

const readChecked = async (
  file: { readonly url: string; readonly sha256: string } | null | undefined,
  signal: AbortSignal,
): Promise<ArrayBuffer | undefined> => {
  if (file == null) return undefined
  const bytes = await fetch(file.url, { signal }).then(
    (answer) => (answer.ok ? answer.arrayBuffer() : undefined),
    () => undefined,
  )
  if (bytes === undefined) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return found === file.sha256 ? bytes : undefined
}
