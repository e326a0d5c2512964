/** Clients that do what they are told to do: repeat a create with its key until it is answered, and remember what was acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openAccount } from '../../cdk/local/api-client.ts'
import { between, type Random } from '../../cdk/simulate/random.ts'

export interface ChaosClient {
  readonly accountId: string
  readonly apiKey: string
  /** Ids answered with a 202, and the seed that was asked. */
  readonly acknowledged: Map<string, number>
  /** Status of answers that were neither. */
  readonly refusals: number[]
}

const SEEDS = 4
const NFES = 24
const PAUSE_SECONDS = [0.2, 2] as const
const PATIENCE_MS = 60_000

export const openClients = (on: { url: string; adminKey: string }, count: number): Promise<ChaosClient[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const credit = { adminKey: on.adminKey, name: `Chaos ${at}`, creditMicroUsd: 10_000_000 }
      const { account, api_key: apiKey } = await openAccount(on.url, credit)
      return { accountId: account.id, apiKey, acknowledged: new Map<string, number>(), refusals: [] }
    }),
  )

/** Asks for one generation after the other until `signal` aborts. Some are canceled again. */
export const askOn = async (
  client: ChaosClient,
  on: { url: string; webhookUrl: string; random: Random; signal: AbortSignal },
): Promise<void> => {
  for (let at = 0; !on.signal.aborted; at++) {
    const seed = Math.floor(on.random() * SEEDS)
    const id = await createUntilAnswered(client, on, { seed, key: `chaos-${at}` })
    if (id !== undefined && on.random() < 0.1)
      await post(client, `${on.url}/v1/generations/${id}/cancel`, undefined, undefined)
    await sleep(between(on.random, PAUSE_SECONDS) * 1000)
  }
}

const createUntilAnswered = async (
  client: ChaosClient,
  { url, webhookUrl }: { url: string; webhookUrl: string },
  { seed, key }: { seed: number; key: string },
): Promise<string | undefined> => {
  const body = { prompt: 'two bears and three apples', nfe_budget: NFES, seed, webhook_url: webhookUrl }
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    const response = await post(client, `${url}/v1/generations`, body, key)
    if (response?.status === 202 && response.id !== undefined) {
      client.acknowledged.set(response.id, seed)
      return response.id
    }
    // In flight, overloaded or broken: the same key again. Anything else is an answer.
    if (response !== undefined && response.status < 500 && response.status !== 409 && response.status !== 429) {
      client.refusals.push(response.status)
      return undefined
    }
    await sleep(300)
  }
  return undefined
}

const post = async (
  { apiKey }: ChaosClient,
  url: string,
  body: object | undefined,
  key: string | undefined,
): Promise<{ status: number; id?: string } | undefined> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    })
    const { id } = (await response.json()) as { id?: string }
    return { status: response.status, ...(id !== undefined && { id }) }
  } catch {
    return undefined
  }
}
