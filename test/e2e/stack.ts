/** The whole stack in its own folder and ports, for one test file, with terms short enough to watch a crash heal. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGeneration, getGeneration, openAccount } from '../../cdk/local/api-client.ts'
import { type Stack, type StackOptions, startStack } from '../../cdk/local/stack.ts'
import type { Generation } from '../../shared/contract/generation.ts'

export interface RunningStack {
  stack: Stack
  readonly dataFolder: string
  /** Stops and starts the stack again on the same data. */
  restart(): Promise<void>
  open(creditMicroUsd?: number): Promise<StackAccount>
  close(): Promise<void>
}

export interface StackAccount {
  readonly apiKey: string
  readonly webhookSecret: string
  create(request: object): Promise<Generation>
  get(id: string): Promise<Generation>
  /** Waits until the condition holds for the generation. */
  until(id: string, holds: (generation: Generation) => boolean, limitMs?: number): Promise<Generation>
  totals(): Promise<Record<string, number>>
  /** The same once nothing is held: a generation that has ended is settled right after. */
  settled(limitMs?: number): Promise<Record<string, number>>
}

/** Short: whoever kills a runner waits for it. */
const SHORT = { leaseSeconds: 2, reviewSeconds: 3 }
/** As in production: on a busy machine a search keeps its lease. */
export const LONG = { leaseSeconds: 30, reviewSeconds: 120 }

export const runStack = async (terms: Omit<StackOptions, 'dataFolder' | 'port'> = SHORT): Promise<RunningStack> => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rollover-e2e-'))
  const start = () => startStack({ dataFolder, port: 0, ...terms })
  const running = {
    stack: await start(),
    dataFolder,
    restart: async () => {
      await running.stack.stop()
      running.stack = await start()
    },
    open: async (creditMicroUsd = 1_000_000) => {
      const { url, adminKey } = running.stack
      const opened = await openAccount(url, { adminKey, name: 'Test', creditMicroUsd })
      return accountOf(running, { apiKey: opened.api_key, webhookSecret: opened.webhook_secret })
    },
    close: async () => {
      await running.stack.stop()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
  return running
}

const accountOf = (
  running: { stack: Stack },
  { apiKey, webhookSecret }: { apiKey: string; webhookSecret: string },
): StackAccount => {
  const get = (id: string) => getGeneration(running.stack.url, apiKey, id)
  const totals = async () => {
    const headers = { authorization: `Bearer ${apiKey}` }
    const response = await fetch(`${running.stack.url}/v1/account`, { headers })
    return (await response.json()) as Record<string, number>
  }
  return {
    apiKey,
    webhookSecret,
    create: (request) => createGeneration(running.stack.url, apiKey, request),
    get,
    until: async (id, holds, limitMs = 300_000) => {
      const end = Date.now() + limitMs
      for (;;) {
        // The edge may be the process that a test has just killed.
        const generation = await get(id).catch(() => undefined)
        if (generation !== undefined && holds(generation)) return generation
        if (Date.now() > end)
          throw new Error(`still ${generation?.status} after ${limitMs} ms: ${JSON.stringify(generation)}`)
        await sleep(50)
      }
    },
    totals,
    settled: async (limitMs = 60_000) => {
      const end = Date.now() + limitMs
      for (;;) {
        const account = await totals()
        if (account['held_micro_usd'] === 0 || Date.now() > end) return account
        await sleep(50)
      }
    },
  }
}

export const ended = (generation: Generation): boolean => generation.finished_at !== null

/** Kills a process of the stack as a machine that loses power would. */
export const killHard = (stack: Stack, name: string): void => {
  const pid = stack.children.get(name)?.pid()
  if (pid === undefined) throw new Error(`${name} is not running`)
  process.kill(pid, 'SIGKILL')
}
