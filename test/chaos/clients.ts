/** Clients of the service: each an account of its own, that remembers what was acknowledged and what it has seen. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openAccount } from '../../cdk/local/api-client.ts'
import { between, createRandom, type Random } from '../../cdk/simulate/random.ts'
import { ACTS, type ActName } from './acts.ts'
import { callUntilAnswered } from './calls.ts'
import type { ChaosReceiver } from './receiver.ts'

/** A generation that was answered with a 2xx. */
export interface Acknowledged {
  /** Of the same recipe the same image, trace and bill come, if its budget was spent. */
  readonly recipe: string
  readonly notified: boolean
  deleted: boolean
  /** As it was first seen ended: it must stay so. */
  end?: string
}

export interface ChaosClient {
  readonly account: number
  readonly accountId: string
  readonly apiKey: string
  readonly random: Random
  readonly generations: Map<string, Acknowledged>
  /** Batch -> its lines. */
  readonly batches: Map<string, number>
  /** Credit id -> amount, once acknowledged. */
  readonly credits: Map<string, number>
  /** Asked for and never answered: either may have happened. */
  readonly unknownCredits: Map<string, number>
  /** The one endpoint that is there from the beginning and is never changed. */
  readonly endpointId: string
  /** Generations not settled, when it last looked at its account. */
  open: number
  /** Status of answers that refused. */
  readonly refusals: Map<string, number>
  /** What was seen and must not be, a sentence each. */
  readonly seen: string[]
}

/** Where clients act. */
export interface Service {
  readonly url: string
  readonly adminKey: string
  readonly receiver: ChaosReceiver
  readonly clients: readonly ChaosClient[]
}

const CREDIT_MICRO_USD = 10_000_000
const PAUSE_SECONDS = [0.05, 1] as const

export const openClients = (
  on: Omit<Service, 'clients'>,
  { count, seed }: { count: number; seed: number },
): Promise<ChaosClient[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, account) => {
      const terms = { adminKey: on.adminKey, name: `Chaos ${account}`, creditMicroUsd: CREDIT_MICRO_USD }
      const opened = await openAccount(on.url, terms)
      const endpoint = await callUntilAnswered(on.url, {
        method: 'POST',
        path: '/v1/webhook-endpoints',
        key: opened.api_key,
        body: { url: on.receiver.url(account, 'endpoint'), events: ['*'] },
      })
      if (endpoint?.status !== 201) throw new Error(`no endpoint: ${JSON.stringify(endpoint)}`)
      return {
        account,
        accountId: opened.account.id,
        apiKey: opened.api_key,
        random: createRandom(seed * 1000 + account),
        generations: new Map(),
        batches: new Map(),
        credits: new Map([['opening', CREDIT_MICRO_USD]]),
        unknownCredits: new Map(),
        endpointId: String(endpoint.body['id']),
        open: 0,
        refusals: new Map(),
        seen: [],
      }
    }),
  )

/** One act after the other until `over` aborts; whoever has much open asks for nothing more until some of it has ended. */
export const actOn = async (client: ChaosClient, on: Service, over: AbortSignal): Promise<void> => {
  for (let at = 0; !over.aborted; at++) {
    const drawn = drawAct(client.random)
    const name = ASKING.has(drawn) && client.open > MOST_OPEN ? 'readAccount' : drawn
    await ACTS[name].act(client, on, `${client.account}-${at}`)
    await sleep(between(client.random, PAUSE_SECONDS) * 1000)
  }
}

const MOST_OPEN = 16
const ASKING: ReadonlySet<ActName> = new Set(['create', 'createBatch', 'extend'])
const NAMES = Object.keys(ACTS) as ActName[]
const WEIGHT = NAMES.reduce((sum, name) => sum + ACTS[name].weight, 0)

const drawAct = (random: Random): ActName => {
  let left = random() * WEIGHT
  for (const name of NAMES) {
    left -= ACTS[name].weight
    if (left < 0) return name
  }
  return 'create'
}
