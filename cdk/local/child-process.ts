/** One process of the local stack: started with an IPC channel, started again when it dies, as a cloud service would. */
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface ChildOptions {
  readonly name: string
  /** Entry file, relative to the repository root. */
  readonly entry: string
  readonly environment: Readonly<Record<string, string>>
}

export interface Child {
  readonly name: string
  /** Process id now; undefined between a death and the next start. */
  pid(): number | undefined
  /** Whether it has said so, and lives. */
  isReady(): boolean
  /** SIGTERM, and SIGKILL for what is still there after five seconds. It is not started again. */
  stop(): Promise<void>
}

const ROOT = new URL('../../', import.meta.url)
const RESTART_MS = 300
const STOP_MS = 5000

/** Resolves when the child says `ready`. Rejects when its first start fails: then its settings are wrong, and it would again. */
export const startChild = async (options: ChildOptions): Promise<Child> => {
  let current: ChildProcess
  let stopping = false
  let isReady = false
  const run = async (): Promise<void> => {
    isReady = false
    current = spawn(options)
    await ready(current, options.name)
    isReady = true
    current.once('exit', (code, signal) => {
      if (stopping) return
      console.error(`${options.name} ended (${signal ?? code}); starting it again`)
      void restart()
    })
  }
  const restart = async (): Promise<void> => {
    while (!stopping) {
      await sleep(RESTART_MS)
      try {
        return await run()
      } catch (error) {
        console.error(`${options.name} did not start: ${error}`)
      }
    }
  }
  await run()
  return {
    name: options.name,
    pid: () => (hasEnded(current) ? undefined : current.pid),
    isReady: () => isReady && !hasEnded(current),
    stop: async () => {
      stopping = true
      if (hasEnded(current)) return
      const ended = new Promise((resolve) => current.once('exit', resolve))
      current.kill('SIGTERM')
      const killer = setTimeout(() => current.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(killer)
    },
  }
}

const spawn = ({ entry, environment }: ChildOptions): ChildProcess =>
  fork(fileURLToPath(new URL(entry, ROOT)), [], {
    env: environment,
    // stdout stays the supervisor's own: scripts read its one line of JSON there.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const ready = (child: ChildProcess, name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${name} ended before it was ready`))
    child.once('exit', ended)
    child.once('message', () => {
      child.off('exit', ended)
      resolve()
    })
  })
