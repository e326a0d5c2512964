/**
 * The emulators as one process: `node cdk/local/emulators/main.ts '<config as JSON>'`, or the same JSON in
 * EMULATORS_CONFIG. Prints one line of JSON (config.ts: EmulatorsReady) when all three answer; logs go to stderr. Stops
 * on SIGTERM and SIGINT, and when its parent is gone.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { type EmulatorConfig, type EmulatorsReady, emulatorConfig } from './config.ts'
import { startDynamoDb } from './dynamodb.ts'
import type { Emulator } from './loopback.ts'
import { whenParentIsGone } from './parent.ts'
import { startS3 } from './s3.ts'
import { startSqs } from './sqs.ts'

const STOP_LIMIT_MS = 5_000

/** Starts the three. The caller stops them in any order. @throws Error with the first that failed. */
async function startAll(input: EmulatorConfig): Promise<{ ready: EmulatorsReady; running: Emulator[] }> {
  const config = emulatorConfig.parse(input)
  const { dataDir, ports, keys, buckets, queues, corsOrigins, ttlSweepSeconds } = config
  const folder = async (name: string) => {
    const path = join(dataDir, name)
    await mkdir(path, { recursive: true })
    return path
  }
  // First, and alone: its lock on the folder is what keeps a second process out of the other two as well.
  const dynamodb = await startDynamoDb({ path: await folder('dynamodb'), port: ports.dynamodb, ttlSweepSeconds })
  const sqs = await startSqs({ dataDir: await folder('sqs'), port: ports.sqs, queues })
  const s3 = await startS3({ directory: await folder('s3'), port: ports.s3, keys, buckets, corsOrigins })
  const queueUrls = Object.fromEntries(queues.map(({ name }) => [name, sqs.queueUrl(name)]))
  return {
    ready: { dynamodb: dynamodb.endpoint, sqs: sqs.endpoint, s3: s3.endpoint, queueUrls },
    running: [dynamodb, sqs, s3],
  }
}

function readConfig(): EmulatorConfig {
  // biome-ignore lint/style/noProcessEnv: a composition root
  const json = process.argv[2] ?? process.env['EMULATORS_CONFIG']
  if (json === undefined) throw new Error('The configuration is missing: JSON as the argument or in EMULATORS_CONFIG')
  return JSON.parse(json) as EmulatorConfig
}

let stopping = false
async function stop(running: Emulator[]): Promise<void> {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
  await Promise.all(running.map((emulator) => emulator.stop()))
  process.exit(0)
}

try {
  const { ready, running } = await startAll(readConfig())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(running))
  whenParentIsGone(() => void stop(running))
  process.stdout.write(`${JSON.stringify(ready)}\n`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
