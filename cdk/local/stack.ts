/**
 * The whole service on one machine: the same code as in the cloud, each part in a process of its own, against embedded
 * emulators of DynamoDB, SQS and S3. Only endpoints and credentials differ, and they come from here.
 */
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashApiKey } from '../../shared/domain/api-key.ts'
import { type Child, startChild } from './child-process.ts'
import { freePort } from './free-port.ts'
import { loadSecrets, type Secrets } from './secrets.ts'
import { startServices } from './services.ts'

export interface StackOptions {
  readonly dataFolder: string
  /** Port of the edge on loopback; 0 for any free one. */
  readonly port: number
  /** Silence after which a runner has lost its generation, seconds. */
  readonly leaseSeconds?: number
  /** Silence after which reconcile looks at an open generation, seconds. */
  readonly reviewSeconds?: number
  /** Runner processes. */
  readonly runners?: number
  /** What is not made, as JSON: shared/contract/content-policy.ts. */
  readonly contentPolicy?: string
  /** Where it is kept which settings suit this machine's processor, measured at the first start; without it nothing is measured. */
  readonly calibrationFolder?: string
  /** Folder of the pack that is served, and offered with its neighbours; those of this repository unless said. */
  readonly pack?: string
}

export interface Stack {
  readonly url: string
  readonly adminKey: string
  /** Every process of the stack but the emulators, by name: edge, webhooks, reconcile, runner-1, ... */
  readonly children: ReadonlyMap<string, Child>
  /** What the parts are told: endpoints, names, secrets. */
  readonly environment: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const PACKS = ['emoji-world', 'trajectories'].map((name) =>
  fileURLToPath(new URL(`../../gpu-runner/packs/${name}`, import.meta.url)),
)

/** Resolves when every part is ready. Rejects, with everything stopped again, when one cannot start. */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const port = await freePort(options.port)
  const secrets = await loadSecrets(options.dataFolder)
  const url = `http://127.0.0.1:${port}`
  const services = await startServices(options.dataFolder, secrets)
  const environment = { ...services.environment, ...serviceEnvironment({ secrets, url, port, options }) }
  const children = new Map<string, Child>()
  const stop = async () => {
    await Promise.all([...children.values()].map((child) => child.stop()))
    await services.stop()
  }
  const starts = await Promise.allSettled(
    Object.entries(partsOf(options)).map(async ([name, entry]) => {
      children.set(name, await startChild({ name, entry, environment }))
    }),
  )
  const failed = starts.find((start) => start.status === 'rejected')
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  return { url, adminKey: secrets.adminKey, children, environment, stop }
}

/** Process name -> entry file. */
const partsOf = ({ runners = 1 }: StackOptions): Record<string, string> => ({
  edge: 'cdk/local/edge.ts',
  webhooks: 'cdk/local/webhooks.ts',
  reconcile: 'cdk/local/reconcile.ts',
  ...Object.fromEntries(
    Array.from({ length: runners }, (_, index) => [`runner-${index + 1}`, 'gpu-runner/worker/main.ts']),
  ),
})

/** Settings of the parts, beside where the AWS services are. */
export const serviceEnvironment = (on: {
  secrets: Secrets
  url: string
  port: number
  options: Pick<
    StackOptions,
    'leaseSeconds' | 'reviewSeconds' | 'contentPolicy' | 'runners' | 'pack' | 'calibrationFolder'
  >
}): Record<string, string> => {
  const packs = on.options.pack === undefined ? PACKS : [resolve(on.options.pack)]
  return {
    PUBLIC_URL: on.url,
    PORT: String(on.port),
    PACKS_FOLDER: dirname(packs[0] ?? ''),
    PACK_FOLDER: packs.join(','),
    KEY_PEPPER: on.secrets.keyPepper,
    ADMIN_KEY_HASH: hashApiKey(on.secrets.adminKey, on.secrets.keyPepper),
    // A laptop's receivers live on loopback.
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8,::1/128',
    MAX_WAIT_SECONDS: '60',
    // One person's scripts are not to be slowed down.
    WRITES_PER_MINUTE: '60000',
    RUNNERS: String(on.options.runners ?? 1),
    LEASE_SECONDS: String(on.options.leaseSeconds ?? 30),
    REVIEW_SECONDS: String(on.options.reviewSeconds ?? 120),
    ...(on.options.calibrationFolder !== undefined && { CALIBRATION_FOLDER: on.options.calibrationFolder }),
    ...(on.options.contentPolicy !== undefined && { CONTENT_POLICY: on.options.contentPolicy }),
  }
}
