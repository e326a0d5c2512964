/** Runs of what a shared link shows, so that it is drawn like one's own: nothing of the account is in them. */
import type { SharedGeneration } from '../../../shared/contract/share.ts'
import { filesOf, pictureOf, readChecked } from './read-files.ts'
import { newRun, type Run, readTrace } from './run.ts'

/**
 * Shows the runs at once, and each again as its files are there, images too, so that they can be saved and drawn from. A file that is
 * not what its hash says is left out.
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
    generations.flatMap(({ trace, format, outputs: [output] }, at) => [
      trace !== null &&
        readChecked(trace, on.signal).then((bytes) => {
          if (bytes === undefined) return
          const traceText = new TextDecoder().decode(bytes)
          put(at, { traceText, trace: readTrace(traceText) })
        }),
      output !== undefined &&
        readChecked(output, on.signal)
          .then((bytes) => filesOf(output, { format, bytes }, on.signal))
          .then((shown) => put(at, shown)),
    ]),
  )
}

const runOf = (generation: SharedGeneration): Run => {
  const { pack, prompt, nfe_budget, search, seed, target_reward, reward, counts, outputs } = generation
  const request = { pack, prompt, nfe_budget, search, seed, ...(target_reward !== null && { target_reward }) }
  const [output] = outputs
  return {
    ...newRun(request),
    phase: 'ended',
    generation: { ...generation, reward: { name: reward, ...(counts !== null && { counts }) }, error: null },
    ...(output !== undefined && { image: pictureOf(output) }),
    ...(output?.places && { places: output.places }),
  }
}
