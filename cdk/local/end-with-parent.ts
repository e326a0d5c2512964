/** Calls `end` once, on SIGTERM, SIGINT or when the supervisor is gone, so that no child outlives the stack. */
export const endWithParent = (end: () => void): void => {
  let ending = false
  const once = () => {
    if (ending) return
    ending = true
    end()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(signal, once)
  // It was gone before this process was far enough to hear of it.
  if (process.connected === false) once()
}
