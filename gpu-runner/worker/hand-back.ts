/** When this process must stop: a running evaluation may end, but not hold the process up for longer than it has. */

/** An evaluation of many latents takes minutes on a slow machine; a stopped process has twenty seconds, writes included. */
const GRACE_MS = 8000

/** Thrown instead of the evaluation that took too long: its NFEs are lost, and are nobody's to pay. */
export class StoppedWaiting extends Error {}

/** Waits for `work` until it ends or the process has been told to stop for GRACE_MS; then rejects with StoppedWaiting. */
export const untilHandBack = async <T>(stopping: AbortSignal, work: Promise<T>, graceMs = GRACE_MS): Promise<T> => {
  const late = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => late.reject(new StoppedWaiting()), graceMs)
  }
  if (stopping.aborted) begin()
  else stopping.addEventListener('abort', begin, { once: true })
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    stopping.removeEventListener('abort', begin)
    // Whoever stopped waiting does not hear of its failure any more.
    work.catch(() => undefined)
  }
}
