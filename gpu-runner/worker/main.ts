/** The runner process: opens its packs, then works on generations until it is told to stop. */
import { createClients } from '../../shared/aws/clients.ts'
import { readReferences } from '../../shared/aws/read-references.ts'
import { receiveMessages } from '../../shared/aws/receive-messages.ts'
import { connectStores, readSettings, webhookPolicy } from '../../shared/config.ts'
import { generationMessageSchema } from '../../shared/contract/queue.ts'
import { createFleetReader } from '../../shared/stores/fleet-reading.ts'
import { keptSettings } from '../calibrate/keep-settings.ts'
import { createContentCheck } from '../content/check-content.ts'
import { openModel } from '../engine/model.ts'
import { localPack } from '../manage-packs/local-pack.ts'
import { readProfiles } from '../pack/read-profiles.ts'
import { keepHeartbeat } from './heartbeat.ts'
import { protectTask } from './protect-task.ts'
import { runnerSettings } from './settings.ts'
import { type ServedPack, workOnGeneration } from './work-on-generation.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const settings = readSettings(runnerSettings, await readReferences(process.env))

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
// A supervisor that starts this process with an IPC channel takes it along when it dies.
process.on('disconnect', () => stopping.abort())
if (process.connected === false) stopping.abort()

const clients = createClients()
const openPack = async (where: string): Promise<ServedPack> => {
  const packFolder = await localPack({ s3: clients.s3, where, cache: settings.PACK_CACHE })
  return { model: await openServed(packFolder), profiles: await readProfiles(packFolder) }
}
const { CALIBRATION_FOLDER: folder, MODEL_THREADS: threads, MODEL_SESSIONS: sessions } = settings
const calibrated = settings.MODEL_PROVIDER === 'cpu' && (threads === undefined || sessions === undefined)
const openServed = async (packFolder: string) =>
  openModel({
    packFolder,
    provider: settings.MODEL_PROVIDER,
    ...(calibrated && folder !== undefined && (await keptSettings({ packFolder, folder }))),
    ...(threads !== undefined && { threads }),
    ...(sessions !== undefined && { sessions }),
    ...(settings.MODEL_BATCH !== undefined && { maxBatch: settings.MODEL_BATCH }),
    // Without its model this process is of no use: end, and let another be started.
    onCrash: (error) => {
      console.error(JSON.stringify({ level: 'fatal', error: error.message }))
      process.exit(1)
    },
  })
const packs = new Map<string, ServedPack>()
// One after the other: each checks the memory that is left.
for (const where of settings.PACK_FOLDER) {
  const served = await openPack(where)
  packs.set(served.model.manifest.name, served)
}
const stores = connectStores(clients, settings)
const work = {
  ...stores,
  fleet: createFleetReader(stores.table, Date.now),
  packs,
  content: createContentCheck(settings.CONTENT_POLICY),
  webhooks: webhookPolicy.read(settings),
  publicUrl: settings.PUBLIC_URL,
  leaseMs: settings.LEASE_SECONDS * 1000,
  reviewMs: settings.REVIEW_SECONDS * 1000,
  maxTries: settings.MAX_TRIES,
  checkpointEvery: { ms: settings.CHECKPOINT_SECONDS * 1000, nfe: settings.CHECKPOINT_NFES },
  stopping: stopping.signal,
  now: Date.now,
}
const protection = protectTask({
  agentUri: settings.ECS_AGENT_URI,
  fetch,
  onError: (error) => console.error(JSON.stringify({ level: 'warn', where: 'task protection', error: String(error) })),
})
if (settings.HEARTBEAT_FILE !== undefined) await keepHeartbeat(settings.HEARTBEAT_FILE)
process.send?.('ready')
await receiveMessages({
  client: clients.sqs,
  queueUrl: stores.queues.generationsUrls.standard,
  patientQueueUrl: stores.queues.generationsUrls.low,
  parse: (body) => generationMessageSchema.parse(body),
  concurrency: settings.CONCURRENCY,
  visibilitySeconds: Math.ceil(settings.LEASE_SECONDS),
  handle: (received) => protection.during(() => workOnGeneration(work, received)),
  signal: stopping.signal,
})
await Promise.all([...packs.values()].map(({ model }) => model.close()))
clients.destroy()
if (process.connected) process.disconnect()
