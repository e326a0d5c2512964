/**
 * Scale-in protection: a task with a generation in hand must not be the one that a shrinking fleet stops. The ECS agent of
 * the machine is told when the first generation comes and when the last one went.
 */

export interface TaskProtection {
  /** Runs the work under protection; works that overlap share it. Settles as the work does, whatever the agent answers. */
  during<T>(work: () => Promise<T>): Promise<T>
}

export interface ProtectTask {
  /** Base address of the agent; without one there is nobody to tell. */
  readonly agentUri: string | undefined
  readonly fetch: typeof fetch
  /** Told of an agent that cannot be reached: work goes on, since a stopped task hands its work back anyway. */
  readonly onError: (error: unknown) => void
}

/** Protection that nobody renews must end, or a hung task would hold its machine for ever. Longer than any search. */
const EXPIRES_MINUTES = 120
const TIMEOUT_MS = 2000

export const protectTask = (on: ProtectTask): TaskProtection => {
  let inHand = 0
  // One request at a time and in order: the last state told is the state now.
  let telling = Promise.resolve()
  const tell = (protect: boolean): void => {
    telling = telling.then(() => sendState(on, protect)).catch(on.onError)
  }
  return {
    during: async (work) => {
      if (on.agentUri === undefined) return work()
      if (++inHand === 1) tell(true)
      await telling
      try {
        return await work()
      } finally {
        if (--inHand === 0) tell(false)
        await telling
      }
    },
  }
}

const sendState = async ({ agentUri, fetch }: ProtectTask, protect: boolean): Promise<void> => {
  const response = await fetch(`${agentUri}/task-protection/v1/state`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ProtectionEnabled: protect, ...(protect && { ExpiresInMinutes: EXPIRES_MINUTES }) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`the ECS agent answered ${response.status}: ${await response.text()}`)
}
