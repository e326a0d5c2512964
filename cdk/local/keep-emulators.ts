/** The emulators' process, started again on the same ports and folder when it dies: what it acknowledged is on the disk. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmulatorConfig, EmulatorsReady } from './emulators/config.ts'
import { launchEmulators, type RunningEmulators } from './emulators/launch.ts'

export interface KeptEmulators {
  readonly endpoints: EmulatorsReady
  /** Process id now. */
  pid(): number | undefined
  stop(): Promise<void>
}

const RESTART_MS = 200

export const keepEmulators = async (config: EmulatorConfig): Promise<KeptEmulators> => {
  let running: RunningEmulators = await launchEmulators(config)
  const { exited: _, stop: __, pid: ___, ...endpoints } = running
  const ports = {
    dynamodb: portOf(endpoints.dynamodb),
    sqs: portOf(endpoints.sqs),
    s3: portOf(endpoints.s3),
  }
  let stopping = false
  const keep = async (): Promise<void> => {
    while (!stopping) {
      const how = await running.exited
      if (stopping) return
      console.error(`emulators ended (${how}); starting them again`)
      await sleep(RESTART_MS)
      try {
        running = await launchEmulators({ ...config, ports })
      } catch (error) {
        console.error(`emulators did not start: ${error}`)
      }
    }
  }
  void keep()
  return {
    endpoints,
    pid: () => running.pid,
    stop: async () => {
      stopping = true
      await running.stop()
    },
  }
}

const portOf = (endpoint: string): number => Number(new URL(endpoint).port)
