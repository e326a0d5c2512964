/** Chaos for a while, then peace, then every invariant checked against the emulators themselves. */
import { setTimeout as sleep } from 'node:timers/promises'
import { between, createRandom, type Random } from '../../cdk/simulate/random.ts'
import { auditService } from '../../functions/reconcile/audit.ts'
import { readBooks } from '../../functions/reconcile/audit-account.ts'
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, readSettings, serviceSettings } from '../../shared/config.ts'
import { deliveryIdOf } from '../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../shared/stores/deliveries.ts'
import { askOn, type ChaosClient, openClients } from './clients.ts'
import { startReceiver } from './receiver.ts'
import { type ChaosStack, startChaosStack } from './stack.ts'

export interface ChaosFigures {
  readonly seed: number
  readonly seconds: number
  readonly kills: number
  readonly faults: number
  readonly generations: number
  readonly statuses: Readonly<Record<string, number>>
  readonly delivered: number
  /** Acknowledged and not ended, or ended with a webhook that is nowhere. */
  readonly lost: number
  readonly double_charged: number
  readonly invariant_breaks: number
  /** A sentence for each of them. */
  readonly breaks: readonly string[]
}

const ACCOUNTS = 3
const FAULT_RATE = 0.04
const KILL_EVERY_SECONDS = [0.7, 2.5] as const
/** Nothing ended for this long after the faults: then it will not any more. A long queue on a slow machine is no loss. */
const SETTLE_MS = 120_000

export const runChaos = async ({ seconds, seed }: { seconds: number; seed: number }): Promise<ChaosFigures> => {
  const random = createRandom(seed)
  const stack = await startChaosStack(random)
  const receiver = await startReceiver(random, FAULT_RATE * 3)
  try {
    const clients = await openClients(stack, ACCOUNTS)
    for (const proxy of stack.proxies) proxy.setRate(FAULT_RATE)
    const over = AbortSignal.timeout(seconds * 1000)
    const asking = clients.map((client) =>
      askOn(client, { url: stack.url, webhookUrl: receiver.url, random, signal: over }),
    )
    const kills = await killOn(stack, random, over)
    await Promise.all(asking)
    for (const proxy of stack.proxies) proxy.setRate(0)
    const judged = await judge(stack, clients)
    const faults = stack.proxies.flatMap(({ counts }) => Object.values(counts)).reduce((sum, one) => sum + one, 0)
    return { seed, seconds, kills, faults: faults + receiver.faults(), ...judged }
  } finally {
    await stack.stop()
    await receiver.close()
  }
}

/** Mostly as a machine that loses power, sometimes as one that is told before. */
const killOn = async ({ children }: ChaosStack, random: Random, over: AbortSignal): Promise<number> => {
  let kills = 0
  while (!over.aborted) {
    await sleep(between(random, KILL_EVERY_SECONDS) * 1000)
    const pid = children[Math.floor(random() * children.length)]?.pid()
    if (pid === undefined) continue
    try {
      process.kill(pid, random() < 0.75 ? 'SIGKILL' : 'SIGTERM')
      kills++
    } catch {
      // It has just ended by itself.
    }
  }
  return kills
}

type Judged = Omit<ChaosFigures, 'seed' | 'seconds' | 'kills' | 'faults'>

const judge = async (stack: ChaosStack, clients: readonly ChaosClient[]): Promise<Judged> => {
  // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
  Object.assign(process.env, stack.environment)
  const aws = createClients()
  const stores = connectStores(aws, readSettings(serviceSettings, stack.environment))
  const breaks: string[] = []
  const statuses: Record<string, number> = {}
  const images = new Map<string, string>()
  let [generations, delivered, lost, doubleCharged] = [0, 0, 0, 0]
  for (const { accountId, acknowledged } of clients) {
    const read = () => readBooks(stores.table, accountId).catch(() => undefined)
    let books = await read()
    const rests = () =>
      books !== undefined &&
      Object.keys(books.account.holds).length === 0 &&
      books.generations.every(({ finished_at: finishedAt }) => finishedAt !== undefined)
    const openNow = () => books?.generations.filter(({ finished_at: at }) => at === undefined).length ?? 0
    let open = openNow()
    let end = Date.now() + SETTLE_MS
    while (!rests() && Date.now() < end) {
      await sleep(500)
      books = await read()
      if (openNow() < open) end = Date.now() + SETTLE_MS
      open = openNow()
    }
    if (books === undefined || !rests()) breaks.push(`${accountId} does not come to rest`)
    const byId = new Map(books?.generations.map((generation) => [generation.id, generation]))
    generations += acknowledged.size
    // A create whose answer was lost was not acknowledged; repeated with its key it must not make a second one.
    const spentById = Map.groupBy(
      (books?.entries ?? []).filter((entry) => entry.kind === 'settle'),
      ({ generation_id }) => generation_id,
    )
    for (const [id, entries] of spentById)
      if (entries.length > 1) {
        doubleCharged++
        breaks.push(`${id} was settled ${entries.length} times`)
      }
    for (const [id, seed] of acknowledged) {
      const generation = byId.get(id)
      const delivery = await getDelivery(stores.table, { accountId, deliveryId: deliveryIdOf(id) })
      if (generation?.finished_at === undefined || delivery === undefined) {
        lost++
        breaks.push(`${id} is ${generation?.status ?? 'gone'}, its delivery ${delivery?.state ?? 'missing'}`)
        continue
      }
      statuses[generation.status] = (statuses[generation.status] ?? 0) + 1
      if (delivery.state === 'delivered') delivered++
      if (generation.status !== 'succeeded') continue
      const made = `${generation.outputs?.[0]?.sha256} ${generation.trace?.sha256} ${generation.nfe_used}`
      if ((images.get(String(seed)) ?? made) !== made) breaks.push(`${id} is not what seed ${seed} made before`)
      images.set(String(seed), made)
    }
  }
  const { differences } = await auditService(stores)
  for (const difference of differences) breaks.push(JSON.stringify(difference))
  aws.destroy()
  return {
    generations,
    statuses,
    delivered,
    lost,
    double_charged: doubleCharged,
    invariant_breaks: breaks.length,
    breaks,
  }
}
