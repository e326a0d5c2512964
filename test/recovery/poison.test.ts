/** A generation that takes the process of its runner along, again and again: real processes, really dead. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGeneration, getGeneration, openAccount } from '../../cdk/local/api-client.ts'
import { type Child, startChild } from '../../cdk/local/child-process.ts'
import { type Stack, startStack } from '../../cdk/local/stack.ts'
import { listenForWebhook } from '../../cdk/local/webhook-listener.ts'

const LIMIT_MS = 120_000

describe('a poisoned generation', () => {
  let dataFolder: string
  let stack: Stack
  let runner: Child | undefined
  before(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'rollover-poison-'))
    stack = await startStack({ dataFolder, port: 0, leaseSeconds: 2, reviewSeconds: 3, runners: 0 })
    const NODE_OPTIONS = `--import ${new URL('die-of-poison.ts', import.meta.url)}`
    const environment = { ...stack.environment, MAX_TRIES: '2', NODE_OPTIONS }
    runner = await startChild({ name: 'runner', entry: 'gpu-runner/worker/main.ts', environment })
  })
  after(async () => {
    await runner?.stop()
    await stack.stop()
    await rm(dataFolder, { recursive: true, force: true })
  })

  test('is failed after its tries, refunded and announced, and the runner works on for others', async () => {
    const { url, adminKey } = stack
    const account = await openAccount(url, { adminKey, name: 'Test', creditMicroUsd: 10_000 })
    const listener = await listenForWebhook(account.webhook_secret)
    const ended = async (id: string) => {
      const end = Date.now() + LIMIT_MS
      for (;;) {
        const generation = await getGeneration(url, account.api_key, id)
        if (generation.finished_at !== null || Date.now() > end) return generation
        await sleep(200)
      }
    }
    const poison = { prompt: 'two butterflies', nfe_budget: 20, seed: 1, webhook_url: listener.url }
    const { id } = await createGeneration(url, account.api_key, poison)
    const pid = runner?.pid()
    const failed = await ended(id)
    assert.deepEqual([failed.status, failed.error?.code, failed.usage.nfe_used], ['failed', 'search_failed', 0])
    assert.notEqual(runner?.pid(), pid)
    assert.equal((await listener.event).data.id, id)
    listener.close()
    const harmless = { prompt: 'two bears', nfe_budget: 20, seed: 1 }
    const next = await createGeneration(url, account.api_key, harmless)
    assert.equal((await ended(next.id)).status, 'succeeded')
    const response = await fetch(`${url}/v1/account`, { headers: { authorization: `Bearer ${account.api_key}` } })
    const totals = (await response.json()) as Record<string, number>
    assert.deepEqual([totals['held_micro_usd'], totals['spent_micro_usd']], [0, 400])
  })
})
