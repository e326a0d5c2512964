/**
 * `npm run demo -- [--json] [--seed N] [--nfe N] [prompt]`: one prompt through the whole service on this machine, from an
 * empty account to a signed webhook and a downloaded image. Its data folder is thrown away; the image stays in out/.
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { GenerationEvent } from '../../shared/contract/event.ts'
import type { Generation } from '../../shared/contract/generation.ts'
import { createGeneration, getGeneration, openAccount } from './api-client.ts'
import { type Stack, startStack } from './stack.ts'
import { listenForWebhook } from './webhook-listener.ts'

const DEFAULT_PROMPT = 'seven balloons, four bears, and four swans'
const DEFAULT_NFE = 500
const CREDIT_MICRO_USD = 100_000
const POLL_MS = 500
const WEBHOOK_WAIT_MS = 30_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    nfe: { type: 'string', default: String(DEFAULT_NFE) },
    seed: { type: 'string', default: '7' },
  },
})
const prompt = positionals.join(' ').trim() || DEFAULT_PROMPT
const say = (line: string) => (values.json ? process.stderr : process.stdout).write(`${line}\n`)

const run = async (stack: Stack): Promise<void> => {
  const account = await openAccount(stack.url, {
    adminKey: stack.adminKey,
    name: 'Demo',
    creditMicroUsd: CREDIT_MICRO_USD,
  })
  say(`Account ${account.account.id} with a credit of ${dollars(CREDIT_MICRO_USD)} and an API key.`)
  const listener = await listenForWebhook(account.webhook_secret)
  try {
    const accepted = await createGeneration(stack.url, account.api_key, {
      prompt,
      nfe_budget: Number(values.nfe),
      seed: Number(values.seed),
      search: 'rbf',
      webhook_url: listener.url,
    })
    say(`Accepted ${accepted.id}: "${prompt}", ${accepted.usage.nfe_held} NFEs held.\n`)
    const ended = await watch(stack.url, account.api_key, accepted.id)
    const event = await within(WEBHOOK_WAIT_MS, listener.event)
    if (event.data.id !== ended.id) throw new Error(`the webhook speaks of ${event.data.id}`)
    const image = await download(ended)
    report(ended, { image, event })
    if (ended.status !== 'succeeded') process.exitCode = 1
  } finally {
    listener.close()
  }
}

const watch = async (url: string, key: string, id: string): Promise<Generation> => {
  let shown = ''
  for (;;) {
    const generation = await getGeneration(url, key, id)
    const line = progressLine(generation)
    if (line !== shown) say(line)
    shown = line
    if (generation.finished_at !== null) return generation
    await sleep(POLL_MS)
  }
}

const progressLine = ({ status, progress, usage }: Generation): string => {
  if (progress === null) return `  ${status}`
  const best = progress.best_reward === null ? '-' : progress.best_reward.toFixed(2)
  return `  ${status}  ${String(progress.nfe_used).padStart(4)}/${usage.nfe_held} NFEs  step ${progress.step}/${progress.steps}  best reward ${best}  rolled over ${progress.rolled_over}`
}

/** Fetches the image through its presigned link and checks it against the hash in the answer. */
const download = async (generation: Generation): Promise<string | null> => {
  const [output] = generation.outputs
  if (output === undefined) return null
  const response = await fetch(output.url)
  if (!response.ok) throw new Error(`the presigned link answered ${response.status}`)
  const png = new Uint8Array(await response.arrayBuffer())
  if (createHash('sha256').update(png).digest('hex') !== output.sha256)
    throw new Error('the image is not what was stored')
  const slug = prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60)
  const path = resolve('out', `${slug}-${generation.seed}.png`)
  await mkdir(resolve('out'), { recursive: true })
  await writeFile(path, png)
  return path
}

const report = (generation: Generation, { image, event }: { image: string | null; event: GenerationEvent }): void => {
  const { status, stop_reason, result, seed, usage, error } = generation
  const nfe = { held: usage.nfe_held, used: usage.nfe_used, refunded: usage.nfe_refunded }
  const price_micro_usd = usage.price_micro_usd
  if (values.json) {
    const line = {
      status,
      stop_reason,
      image,
      reward: result?.reward ?? null,
      counts: result?.counts ?? null,
      seed,
      nfe,
    }
    process.stdout.write(
      `${JSON.stringify({ ...line, price_micro_usd, webhook_verified: event.data.id === generation.id })}\n`,
    )
    return
  }
  say(`\n${status} (${stop_reason ?? error?.detail})`)
  say(`  image    ${image ?? 'none'}`)
  say(`  reward   ${result?.reward.toFixed(3) ?? '-'}`)
  say(`  asked    ${counts(result?.counts?.asked)}`)
  say(`  found    ${counts(result?.counts?.found)}${result?.counts?.exact ? '  (exact)' : ''}`)
  say(`  NFEs     ${nfe.held} held, ${nfe.used} used, ${nfe.refunded} refunded`)
  say(`  price    ${dollars(price_micro_usd)} (${usage.price_micro_usd_per_nfe} micro-dollars an NFE)`)
  say(`  seed     ${seed}`)
  say(`  webhook  ${event.type}, signature verified`)
}

const counts = (of: Readonly<Record<string, number>> | undefined): string =>
  Object.entries(of ?? {})
    .map(([thing, count]) => `${count} ${thing}`)
    .join(', ') || 'nothing'

const dollars = (microUsd: number): string => `$${(microUsd / 1e6).toFixed(6)}`

const within = async <T>(ms: number, promise: Promise<T>): Promise<T> => {
  const timer = new AbortController()
  const late = sleep(ms, undefined, { signal: timer.signal }).then((): never => {
    throw new Error(`nothing came within ${ms / 1000} s`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
  }
}

const dataFolder = await mkdtemp(join(tmpdir(), 'rollover-demo-'))
let stack: Stack | undefined
try {
  say('Starting the embedded services, the edge, the webhook worker, reconcile and a runner ...')
  stack = await startStack({ dataFolder, port: 0 })
  await run(stack)
} catch (error) {
  console.error(`The demo stopped: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  await stack?.stop()
  await rm(dataFolder, { recursive: true, force: true })
}
