/**
 * A runner that is told to stop, as before its machine is taken away: a real process in the middle of real searches. How long it
 * took is told, not judged: that is the machine (docs/results/chaos.md).
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createGeneration, openAccount } from '../../cdk/local/api-client.ts'
import { type Stack, startStack } from '../../cdk/local/stack.ts'
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, readSettings, serviceSettings } from '../../shared/config.ts'
import { type GenerationItem, getGeneration } from '../../shared/stores/generations.ts'
import type { Table } from '../../shared/stores/store.ts'

const RUNNER = fileURLToPath(new URL('../../gpu-runner/worker/main.ts', import.meta.url))
const PROMPT = 'two bears and three apples'
/** Long enough to be caught in the middle on a fast machine. */
const NFE = 120
/** Each evaluation by itself, so that company changes no bit; no checkpoint but that of the hand-back. */
const TERMS = { MODEL_BATCH: '1', MODEL_THREADS: '1', CHECKPOINT_NFES: '1000000', CHECKPOINT_SECONDS: '1000000' }

describe('a runner that gets SIGTERM', () => {
  let dataFolder: string
  let stack: Stack
  let table: Table
  let clients: ReturnType<typeof createClients>
  let account: Awaited<ReturnType<typeof openAccount>>
  const runners: ChildProcess[] = []
  before(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'rollover-sigterm-'))
    stack = await startStack({ dataFolder, port: 0, runners: 0 })
    // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
    Object.assign(process.env, stack.environment)
    clients = createClients()
    table = connectStores(clients, readSettings(serviceSettings, stack.environment)).table
    const { url, adminKey } = stack
    account = await openAccount(url, { adminKey, name: 'Test', creditMicroUsd: 1_000_000 })
  })
  after(async () => {
    for (const runner of runners) runner.kill('SIGKILL')
    clients.destroy()
    await stack.stop()
    await rm(dataFolder, { recursive: true, force: true })
  })

  const startRunner = async (): Promise<ChildProcess> => {
    const env = { ...stack.environment, ...TERMS }
    const runner = fork(RUNNER, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    runners.push(runner)
    await once(runner, 'message')
    return runner
  }
  const create = async (seed: number) =>
    (await createGeneration(stack.url, account.api_key, { prompt: PROMPT, search: 'rbf', nfe_budget: NFE, seed })).id
  const until = async (id: string, holds: (item: GenerationItem) => boolean): Promise<GenerationItem> => {
    for (;;) {
      const item = await getGeneration(table, { accountId: account.account.id, generationId: id })
      if (item !== undefined && holds(item)) return item
      await sleep(50)
    }
  }
  const outcomeOf = ({ status, stop_reason, nfe_used, result, outputs, trace }: GenerationItem) => {
    const images = outputs?.map(({ sha256 }) => sha256)
    return { status, stop_reason, nfe_used, result, images, trace: trace?.sha256, lines: trace?.lines }
  }
  const hasEnded = ({ finished_at: at }: GenerationItem) => at !== undefined

  test('hands its searches back and ends by itself; the next one comes to the image, trace and bill of an undisturbed one', async (t) => {
    const first = await startRunner()
    const whole = outcomeOf(await until(await create(5), hasEnded))
    assert.deepEqual([whole.status, whole.nfe_used], ['succeeded', NFE])

    const ids = [await create(5), await create(6)]
    for (const id of ids) await until(id, ({ progress }) => (progress?.nfe_used ?? 0) > 10)
    const began = performance.now()
    first.kill('SIGTERM')
    const [code, signal] = (await once(first, 'exit')) as [number | null, string | null]
    t.diagnostic(`ended ${((performance.now() - began) / 1000).toFixed(1)} s after SIGTERM`)
    assert.deepEqual([code, signal], [0, null])
    for (const id of ids) {
      const { status, resume, finished_at } = await until(id, () => true)
      assert.deepEqual([status, finished_at], ['queued', undefined])
      assert.ok((resume?.nfe_used ?? 0) > 10 && (resume?.nfe_used ?? NFE) < NFE, JSON.stringify(resume))
    }

    await startRunner()
    const [resumed = '', other = ''] = ids
    assert.deepEqual(outcomeOf(await until(resumed, hasEnded)), whole)
    const beside = await until(other, hasEnded)
    assert.deepEqual([beside.status, beside.nfe_used], ['succeeded', NFE])
    for (const id of ids)
      await until(id, ({ duePk }: GenerationItem & { duePk?: string }) => duePk !== 'DUE#GENERATION')
    const headers = { authorization: `Bearer ${account.api_key}` }
    const totals = (await (await fetch(`${stack.url}/v1/account`, { headers })).json()) as Record<string, number>
    assert.deepEqual([totals['held_micro_usd'], totals['spent_micro_usd']], [0, 3 * NFE * 20])
  })
})
