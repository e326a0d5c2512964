/** The process that bench:edge measures: the bundled functions, asked one thing after the other; reports to its parent. */
import { importHandler, invoke, urlEvent } from './lambda-runtime.ts'

export interface RequestsPlan {
  /** Bundles. */
  readonly api: string
  readonly events: string
  /** Of accounts with credit, in turn: an account holds so many open generations and no more. */
  readonly keys: readonly string[]
  readonly count: number
  /** A generation that has ended, its account's key, and how many events of it are kept. */
  readonly ended: { readonly id: string; readonly key: string; readonly events: number }
}

/** Milliseconds of each request: CPU time of this process, and time on the clock. */
export interface Asked {
  readonly cpuMs: readonly number[]
  readonly wallMs: readonly number[]
}

export interface RequestsReport {
  readonly create: Asked
  /** With an Idempotency-Key, which adds a claim and a stored answer. */
  readonly keyedCreate: Asked
  readonly get: Asked
  /** Whole streams, from the first event to the end. */
  readonly streams: Asked
  /** What the emulators had to do. */
  readonly creates: number
  readonly residentMb: number
}

/** Requests until the compiler has seen the code. */
const WARM_UP = 150
const WARM_UP_STREAMS = 5
const STREAMS = 30
const BODY = {
  prompt: 'seven balloons, four bears, and four swans',
  nfe_budget: 200,
  target_reward: -0.2,
  metadata: { project: 'menagerie' },
}

const plan = JSON.parse(process.argv[2] ?? '') as RequestsPlan
const api = await importHandler(plan.api)
const events = await importHandler(plan.events)

async function measure(
  { count, warmUp }: { count: number; warmUp: number },
  ask: (at: number) => Promise<string>,
): Promise<Asked> {
  const found = { cpuMs: [] as number[], wallMs: [] as number[] }
  for (let at = -warmUp; at < count; at++) {
    const from = performance.now()
    const fromCpu = process.cpuUsage()
    await ask(at + warmUp)
    const { user, system } = process.cpuUsage(fromCpu)
    if (at < 0) continue
    found.cpuMs.push((user + system) / 1000)
    found.wallMs.push(performance.now() - from)
  }
  return found
}

let creates = 0
const create = (headers: object) => async (): Promise<string> => {
  const key = plan.keys[creates++ % plan.keys.length] ?? ''
  return invoke(api, urlEvent({ method: 'POST', path: '/v1/generations', key, body: BODY, headers }))
}
const keyed = async (at: number): Promise<string> => create({ 'idempotency-key': `bench-${at}` })()

const { ended, count } = plan
const path = `/v1/generations/${ended.id}`
const get = () => invoke(api, urlEvent({ method: 'GET', path, key: ended.key }))
const stream = async (): Promise<string> => {
  const text = await invoke(events, urlEvent({ method: 'GET', path: `${path}/events`, key: ended.key }))
  if (text.split('event: progress').length - 1 !== ended.events) throw new Error('the stream has not all events')
  return text
}

const each = { count, warmUp: WARM_UP }
const created = { create: await measure(each, create({})), keyedCreate: await measure(each, keyed) }
process.send?.('created')
const asked = {
  ...created,
  get: await measure(each, get),
  streams: await measure({ count: STREAMS, warmUp: WARM_UP_STREAMS }, stream),
}
const report: RequestsReport = { ...asked, creates, residentMb: process.memoryUsage().rss / 1e6 }
process.send?.(report, () => process.exit(0))
