/** What clients do. Each act is repeated until it is answered, and what was answered is remembered. */
import type { Random } from '../../cdk/simulate/random.ts'
import { type Answer, type Call, callOnce, callUntilAnswered } from './calls.ts'
import type { Acknowledged, ChaosClient, Service } from './clients.ts'

/** @param name of this act alone: its Idempotency-Key. */
type Act = (client: ChaosClient, on: Service, name: string) => Promise<void>

const PROMPT = 'two bears and three apples'
const SEARCHES = ['rbf', 'best-of-n', 'svdd'] as const
const BUDGETS = [4, 8] as const
const SEEDS = 4
const LINES = [6, 20] as const

const oneOf = <T>(random: Random, things: readonly T[]): T => things[Math.floor(random() * things.length)] as T

/** Sends it until it is answered; notes a refusal. */
const send = async (client: ChaosClient, on: Service, call: Omit<Call, 'key'>): Promise<Answer | undefined> => {
  const answer = await callUntilAnswered(on.url, { key: client.apiKey, ...call })
  if (answer !== undefined && answer.status >= 400) {
    const why = `${call.method ?? 'GET'} ${answer.status} ${answer.body['code']}`
    client.refusals.set(why, (client.refusals.get(why) ?? 0) + 1)
  }
  return answer
}

/** A request, and what is remembered of it. */
const drawRequest = ({ random, account }: ChaosClient, on: Service) => {
  const search = oneOf(random, SEARCHES)
  const nfe_budget = oneOf(random, BUDGETS)
  const seed = Math.floor(random() * SEEDS)
  const notified = random() < 0.7
  const request = {
    prompt: PROMPT,
    search,
    nfe_budget,
    seed,
    ...(random() < 0.25 && { priority: 'low' }),
    ...(random() < 0.05 && { deadline_seconds: 5 }),
    ...(random() < 0.05 && { start_ttl_seconds: 10 }),
    ...(notified && { webhook_url: on.receiver.url(account, 'request') }),
  }
  return { request, noted: { recipe: `${search} ${seed} ${nfe_budget}`, notified, deleted: false } }
}

const create: Act = async (client, on, name) => {
  const { request, noted } = drawRequest(client, on)
  const call = { method: 'POST', path: '/v1/generations', body: request, idempotencyKey: name } as const
  const answer = await send(client, on, call)
  if (answer?.status !== 202) return
  const id = String(answer.body['id'])
  client.generations.set(id, noted)
  client.open++
  if (client.random() > 0.1) return
  // A client that did not see its answer: the same must come again.
  const again = await send(client, on, call)
  if (again !== undefined && again.body['id'] !== id) client.seen.push(`${name} made ${id} and ${again.body['id']}`)
}

const createBatch: Act = async (client, on, name) => {
  const [least, most] = LINES
  const count = least + Math.floor(client.random() * (most - least + 1))
  const drawn = Array.from({ length: count }, () => drawRequest(client, on))
  const body = drawn.map(({ request }) => JSON.stringify(request)).join('\n')
  const answer = await send(client, on, { method: 'POST', path: '/v1/batches', body, idempotencyKey: name })
  if (answer?.status !== 202) return
  const id = String(answer.body['id'])
  client.batches.set(id, count)
  client.open += count
  const rows = await readResults(client, on, id)
  for (const { line, generation_id: generationId } of rows) {
    const noted = drawn[line]?.noted
    if (noted !== undefined) client.generations.set(generationId, noted)
  }
  if (client.random() < 0.15) await send(client, on, { method: 'POST', path: `/v1/batches/${id}/cancel` })
}

interface Row {
  readonly line: number
  readonly generation_id: string
}

/** JSON Lines, which `callOnce` does not read. */
const readResults = async ({ apiKey }: ChaosClient, on: Service, id: string): Promise<Row[]> => {
  for (let tries = 0; tries < 20; tries++) {
    try {
      const response = await fetch(`${on.url}/v1/batches/${id}/results`, {
        headers: { authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.timeout(10_000),
      })
      const rows = (await response.text()).trimEnd().split('\n')
      if (response.ok) return rows.map((row) => JSON.parse(row) as Row)
    } catch {
      // The edge may be away.
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return []
}

const someGeneration = ({ generations, random }: ChaosClient): [string, Acknowledged] | undefined => {
  const live = [...generations].filter(([, { deleted }]) => !deleted).slice(-30)
  return live.length === 0 ? undefined : oneOf(random, live)
}

const extend: Act = async (client, on, name) => {
  const [id, extended] = someGeneration(client) ?? []
  if (id === undefined || extended === undefined) return
  const body = { nfe_budget: oneOf(client.random, BUDGETS) }
  const path = `/v1/generations/${id}/extend`
  const answer = await send(client, on, { method: 'POST', path, body, idempotencyKey: name })
  const noted = { recipe: `${extended.recipe} + ${body.nfe_budget}`, notified: false, deleted: false }
  if (answer?.status === 202) client.generations.set(String(answer.body['id']), noted)
}

const cancel: Act = async (client, on) => {
  const id = [...client.generations.keys()].at(-1)
  if (id !== undefined) await send(client, on, { method: 'POST', path: `/v1/generations/${id}/cancel` })
}

/** A delete whose answer was lost is answered with 404 at the next try: gone all the same. */
const remove: Act = async (client, on) => {
  const [id, noted] = someGeneration(client) ?? []
  if (id === undefined || noted === undefined) return
  const answer = await callOnce(on.url, { method: 'DELETE', path: `/v1/generations/${id}`, key: client.apiKey })
  // Without an answer it may be gone or not; it is looked at no more.
  if (answer?.status !== 409) noted.deleted = true
}

const topUp: Act = async (client, on, name) => {
  const id = `top-up-${name}`
  const micro_usd = 1000 + Math.floor(client.random() * 1000)
  client.unknownCredits.set(id, micro_usd)
  const path = `/v1/admin/accounts/${client.accountId}/credits`
  const call = { method: 'POST', path, key: on.adminKey, body: { id, micro_usd } } as const
  const answer = await callUntilAnswered(on.url, call)
  if (client.random() < 0.3) await callUntilAnswered(on.url, call)
  if (answer?.status !== 200) return
  client.unknownCredits.delete(id)
  client.credits.set(id, micro_usd)
}

/** Endpoints that come, are changed, rotated and turned off, and go. */
const useEndpoint: Act = async (client, on, name) => {
  const body = { url: on.receiver.url(client.account, 'endpoint'), events: ['batch.ended', 'account.balance_low'] }
  const path = '/v1/webhook-endpoints'
  const made = await send(client, on, { method: 'POST', path, body, idempotencyKey: name })
  if (made?.status !== 201) return
  const own = `${path}/${made.body['id']}`
  await send(client, on, { method: 'PATCH', path: own, body: { enabled: client.random() < 0.5 } })
  const overlap = { overlap_seconds: 5 }
  await send(client, on, { method: 'POST', path: `${own}/rotate`, body: overlap, idempotencyKey: `${name}r` })
  await send(client, on, { method: 'DELETE', path: own })
}

/** Invariant 1, at whatever instant this is. */
const readAccount: Act = async (client, on) => {
  const answer = await send(client, on, { path: '/v1/account' })
  if (answer?.status !== 200) return
  const { balance_micro_usd, held_micro_usd, spent_micro_usd, credited_micro_usd, open_generations } =
    answer.body as Record<string, number>
  client.open = open_generations ?? 0
  const parts = [balance_micro_usd, held_micro_usd, spent_micro_usd].map((part = Number.NaN) => part)
  const sum = parts.reduce((total, part) => total + part, 0)
  if (sum !== credited_micro_usd || parts.some((part) => part < 0))
    client.seen.push(`${client.accountId} showed ${parts.join(' + ')} of ${credited_micro_usd}`)
}

/** Invariants 2 and 4: it is there, and once ended it stays as it ended. */
const readGeneration: Act = async (client, on) => {
  const [id, noted] = someGeneration(client) ?? []
  if (id === undefined || noted === undefined) return
  const answer = await send(client, on, { path: `/v1/generations/${id}` })
  if (answer === undefined) return
  const { status, finished_at, usage } = answer.body as { status?: string; finished_at?: string; usage?: object }
  if (answer.status !== 200) client.seen.push(`${id} was answered with ${answer.status}`)
  else if (finished_at !== null) {
    const end = `${status} ${(usage as { nfe_used: number }).nfe_used}`
    noted.end ??= end
    if (noted.end !== end) client.seen.push(`${id} had ended as ${noted.end}, and then as ${end}`)
  }
}

/** Invariant 5: what another account has is not there. */
const trespass: Act = async (client, on) => {
  const other = on.clients[(client.account + 1) % on.clients.length]
  const id = [...(other?.generations.keys() ?? [])].at(-1)
  if (other === client || id === undefined) return
  for (const call of [
    { path: `/v1/generations/${id}` },
    { method: 'POST', path: `/v1/generations/${id}/cancel` },
    { method: 'DELETE', path: `/v1/generations/${id}` },
    { method: 'POST', path: `/v1/generations/${id}/extend`, body: { nfe_budget: 10 } },
  ] as const) {
    const answer = await callUntilAnswered(on.url, { ...call, key: client.apiKey })
    if (answer !== undefined && answer.status !== 404) client.seen.push(`${id} was shown to ${client.accountId}`)
  }
}

/** How often each is done. */
export const ACTS = {
  create: { weight: 10, act: create },
  createBatch: { weight: 2.5, act: createBatch },
  extend: { weight: 2, act: extend },
  cancel: { weight: 1.5, act: cancel },
  remove: { weight: 1, act: remove },
  topUp: { weight: 1, act: topUp },
  useEndpoint: { weight: 0.5, act: useEndpoint },
  readAccount: { weight: 3, act: readAccount },
  readGeneration: { weight: 3, act: readGeneration },
  trespass: { weight: 0.7, act: trespass },
} satisfies Record<string, { weight: number; act: Act }>

export type ActName = keyof typeof ACTS
