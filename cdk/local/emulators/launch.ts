/** Starts the emulators as a child process and waits until they answer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type EmulatorConfig, type EmulatorsReady, emulatorsReady } from './config.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

export interface RunningEmulators extends EmulatorsReady {
  readonly pid: number | undefined
  /** Ends it with `signal`, and resolves when the process is gone. SIGKILL is the crash that tests need. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Resolves with the exit code or signal name when the process ends, for whatever reason. */
  exited: Promise<number | string>
}

/**
 * Starts the process; it ends when the caller's own process does. Its stderr is the caller's.
 * @throws Error if it ends before it is ready; the reason is on stderr.
 */
export async function launchEmulators(config: EmulatorConfig): Promise<RunningEmulators> {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(config)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A session of its own: Ctrl-C in the terminal reaches the caller, which still needs the stores while it stops.
    detached: true,
  })
  const exited = once(child, 'exit').then(([code, signal]): number | string => code ?? signal)
  const ready = emulatorsReady.parse(JSON.parse(await firstLine(child, exited)))
  return {
    ...ready,
    pid: child.pid,
    exited,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal)
      await exited
    },
  }
}

async function firstLine(child: ChildProcess, exited: Promise<number | string>): Promise<string> {
  const { stdout } = child
  if (!stdout) throw new Error('The emulators have no stdout')
  const line = once(createInterface(stdout), 'line').then(([text]): string => text)
  const early = exited.then((code): string => {
    throw new Error(`The emulators ended with ${code} before they were ready`)
  })
  return Promise.race([line, early])
}
