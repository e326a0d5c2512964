/** The whole stack with faulty proxies before DynamoDB, SQS and S3, short terms, and one runner on a small disk. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../cdk/local/child-process.ts'
import { freePort } from '../../cdk/local/free-port.ts'
import { loadSecrets } from '../../cdk/local/secrets.ts'
import { startServices } from '../../cdk/local/services.ts'
import { serviceEnvironment } from '../../cdk/local/stack.ts'
import type { Random } from '../../cdk/simulate/random.ts'
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts'
import { openSmallDisk, type SmallDisk } from './small-disk.ts'

/** What can be killed. */
export type Killable = Pick<Child, 'name' | 'pid' | 'isReady'>

export interface ChaosStack {
  readonly url: string
  readonly adminKey: string
  readonly parts: readonly Killable[]
  readonly emulators: Killable
  /** That of the second runner; undefined where none can be mounted. */
  readonly disk: SmallDisk | undefined
  readonly proxies: readonly FaultyProxy[]
  /** Endpoints of the emulators themselves: what checks the end must meet no faults. */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const PARTS = {
  edge: 'cdk/local/edge.ts',
  webhooks: 'cdk/local/webhooks.ts',
  reconcile: 'cdk/local/reconcile.ts',
  'runner-1': 'gpu-runner/worker/main.ts',
  'runner-2': 'gpu-runner/worker/main.ts',
} as const

/** A kill costs every generation that its runner holds a try; what crashes is tested elsewhere, here nothing may be given up. */
const TERMS = {
  CHECKPOINT_NFES: '3',
  CHECKPOINT_SECONDS: '1',
  MODEL_THREADS: '1',
  MAX_TRIES: '50',
  WEBHOOK_TIMEOUT_SECONDS: '5',
}

export const startChaosStack = async (random: Random): Promise<ChaosStack> => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rollover-chaos-'))
  const port = await freePort(0)
  const secrets = await loadSecrets(dataFolder)
  const url = `http://127.0.0.1:${port}`
  const services = await startServices(dataFolder, secrets)
  const settings = serviceEnvironment({
    secrets,
    url,
    port,
    options: { leaseSeconds: 8, reviewSeconds: 12, runners: 2 },
  })
  const environment: Record<string, string> = { ...services.environment, ...settings, ...TERMS }
  // Processes start often here: what was compiled once is kept.
  environment['NODE_COMPILE_CACHE'] = join(dataFolder, 'compiled')
  const { proxies, faulty } = await putBefore(environment, random)
  const disk = await openSmallDisk(join(dataFolder, 'disk'))
  const onDisk = disk && { HEARTBEAT_FILE: join(disk.folder, 'heartbeat'), TMPDIR: disk.folder }
  const children = await Promise.all(
    Object.entries(PARTS).map(([name, entry]) =>
      startChild({ name, entry, environment: name === 'runner-2' ? { ...faulty, ...onDisk } : faulty }),
    ),
  )
  const stop = async () => {
    await Promise.all(children.map((child) => child.stop()))
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await services.stop()
    disk?.close()
    await rm(dataFolder, { recursive: true, force: true })
  }
  const emulators = { name: 'emulators', pid: services.pid, isReady: () => services.pid() !== undefined }
  return { url, adminKey: secrets.adminKey, parts: children, emulators, disk, proxies, environment, stop }
}

/** A proxy before each service, and the environment of who must go through them. */
const putBefore = async (environment: Readonly<Record<string, string>>, random: Random) => {
  const proxies: FaultyProxy[] = []
  const faulty: Record<string, string> = { ...environment }
  for (const service of ['DYNAMODB', 'SQS', 'S3'] as const) {
    const target = environment[`AWS_ENDPOINT_URL_${service}`] ?? ''
    const proxy = await startFaultyProxy(target, random)
    proxies.push(proxy)
    // A queue's URL begins with its endpoint.
    for (const [key, value] of Object.entries(faulty))
      if (value.startsWith(new URL(target).origin)) faulty[key] = value.replace(new URL(target).origin, proxy.url)
  }
  return { proxies, faulty }
}
