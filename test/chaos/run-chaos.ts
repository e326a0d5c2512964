/** Chaos for a while, then peace, then every invariant checked against the emulators themselves. */
import { createRandom } from '../../cdk/simulate/random.ts'
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, readSettings, serviceSettings } from '../../shared/config.ts'
import { type Accidents, causeAccidents } from './accidents.ts'
import { actOn, type ChaosClient, openClients } from './clients.ts'
import { type Judgement, judge } from './judge.ts'
import { type ChaosReceiver, startReceiver } from './receiver.ts'
import { comesToRest } from './rest.ts'
import { type ChaosStack, startChaosStack } from './stack.ts'

export interface ChaosFigures extends Judgement {
  readonly seed: number
  /** Of chaos, and until everything rested. */
  readonly seconds: number
  readonly rest_seconds: number
  readonly kills: number
  /** Of requests, by kind; the receiver's too. */
  readonly faults: number
  readonly freezes: number
  /** Null where no disk can be mounted to be filled. */
  readonly full_disks: number | null
  readonly invariant_breaks: number
}

const ACCOUNTS = 6
const FAULT_RATE = 0.03
const RECEIVER_FAULT_RATE = 0.12
const TELL_EVERY_MS = 60_000

export const runChaos = async ({ seconds, seed }: { seconds: number; seed: number }): Promise<ChaosFigures> => {
  const stack = await startChaosStack(createRandom(seed))
  const receiver = await startReceiver(createRandom(seed + 1), RECEIVER_FAULT_RATE)
  try {
    const place = { url: stack.url, adminKey: stack.adminKey, receiver }
    const clients = await openClients(place, { count: ACCOUNTS, seed })
    for (const proxy of stack.proxies) proxy.setRate(FAULT_RATE)
    const over = AbortSignal.timeout(seconds * 1000)
    const acting = clients.map((client) => actOn(client, { ...place, clients }, over))
    const telling = setInterval(() => tell(clients), TELL_EVERY_MS)
    const accidents = await causeAccidents(stack, createRandom(seed + 2), over).finally(() => clearInterval(telling))
    for (const proxy of stack.proxies) proxy.setRate(0)
    await Promise.all(acting)
    return { seed, seconds, ...(await figuresOf({ stack, receiver, clients, accidents })) }
  } finally {
    await stack.stop()
    await receiver.close()
  }
}

/** How far it is, for whoever watches a long run. */
const tell = (clients: readonly ChaosClient[]): void => {
  const accepted = clients.reduce((sum, { generations }) => sum + generations.size, 0)
  const open = clients.reduce((sum, client) => sum + client.open, 0)
  console.error(`${accepted} generations accepted, ${open} open`)
}

const figuresOf = async (of: {
  stack: ChaosStack
  receiver: ChaosReceiver
  clients: readonly ChaosClient[]
  accidents: Accidents
}): Promise<Omit<ChaosFigures, 'seed' | 'seconds'>> => {
  const { stack, receiver, clients, accidents } = of
  // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
  Object.assign(process.env, stack.environment)
  const aws = createClients()
  const stores = connectStores(aws, readSettings(serviceSettings, stack.environment))
  const from = Date.now()
  const accountIds = clients.map(({ accountId }) => accountId)
  const rested = await comesToRest(stores.table, accountIds)
  const restSeconds = Math.round((Date.now() - from) / 1000)
  const judgement = await judge(stores, { clients, taken: receiver.taken })
  aws.destroy()
  const breaks = [...(rested ? [] : ['it does not come to rest']), ...judgement.breaks]
  const faults = stack.proxies.flatMap(({ counts }) => Object.values(counts)).reduce((sum, one) => sum + one, 0)
  return {
    ...judgement,
    rest_seconds: restSeconds,
    kills: accidents.kills,
    faults: faults + receiver.faults(),
    freezes: accidents.freezes,
    full_disks: stack.disk === undefined ? null : accidents.fullDisks,
    breaks,
    invariant_breaks: breaks.length,
  }
}
