/**
 * What the edge itself costs. Its Lambdas are bundled and minified as the cloud's are, and imported by a process of its own that calls
 * the handlers with the events of a function URL, one after the other, against the emulators in another process. So the CPU
 * time of that process is the edge's own: routing, checks, signatures, and the calls to DynamoDB and SQS.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ProgressEvent, progressEventId } from '../../../shared/contract/live-event.ts'
import { putLiveEvent } from '../../../shared/stores/live-events.ts'
import { type Edge, startEdge } from '../../api/edge.ts'
import { medianOf, quantileOf, rounded } from '../quantile.ts'
import { type Bundle, bundleFunction } from './bundle.ts'
import { emulatorMilliseconds } from './emulator-time.ts'
import { urlEvent } from './lambda-runtime.ts'
import type { Asked, RequestsPlan, RequestsReport } from './requests.ts'
import type { StartReport } from './start.ts'

const START = fileURLToPath(new URL('./start.ts', import.meta.url))
const REQUESTS = fileURLToPath(new URL('./requests.ts', import.meta.url))
const STARTS = 5
const ACCOUNTS = 5
const CREDIT_MICRO_USD = 1_000_000_000
const EVENTS = 300
const BODY = { prompt: 'seven balloons, four bears, and four swans', nfe_budget: 200 }

/** Of one kind of request, one after the other: own CPU milliseconds, milliseconds on the clock, and what comes of them. */
export interface EdgeCost {
  readonly requests_per_second: number
  readonly cpu_ms_p50: number
  readonly cpu_ms_p95: number
  readonly wall_ms_p50: number
  readonly wall_ms_p95: number
}

export interface FunctionStart {
  readonly name: string
  readonly bundle_bytes: number
  readonly bundle_gzip_bytes: number
  readonly import_ms: number
  readonly import_cpu_ms: number
  /** null where its first event would need a service that is not here. */
  readonly first_request_ms: number | null
  readonly resident_mb: number
}

export interface EdgeReport {
  readonly create: EdgeCost
  readonly create_with_idempotency_key: EdgeCost
  readonly get: EdgeCost
  /** A server-sent event, of streams of 300. */
  readonly event: { readonly events_per_second: number; readonly cpu_ms: number }
  readonly resident_mb: number
  readonly emulators_cpu_ms_per_create: number | null
  readonly functions: readonly FunctionStart[]
}

/** @param profile a folder for a CPU profile of the measured process; the bundles are then not minified. */
export async function measureEdge(count: number, profile?: string): Promise<EdgeReport> {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-bench-edge-'))
  const edge = await startEdge()
  try {
    const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => edge.openAccount(CREDIT_MICRO_USD)))
    const keys = accounts.map(({ apiKey }) => apiKey)
    const ended = await endOne(edge, accounts[0] ?? (await edge.openAccount(CREDIT_MICRO_USD)))
    const environment = {
      ...edge.environment,
      // As the cloud's functions have them.
      POWERTOOLS_SERVICE_NAME: 'bench',
      POWERTOOLS_METRICS_NAMESPACE: 'bench',
      STRIPE_API_KEY: 'none',
      STRIPE_EVENT_NAME: 'none',
      SECONDS_PER_NFE: '1',
      MAX_TASKS: '1',
      CONCURRENCY: '1',
      CLUSTER_NAME: 'none',
      SERVICE_NAME: 'none',
    }
    const functions: FunctionStart[] = []
    const bundles: Record<string, Bundle> = {}
    for (const [name, event] of Object.entries(firstEvents(ended))) {
      const bundle = await bundleFunction(name, { folder, readable: profile !== undefined })
      bundles[name] = bundle
      functions.push(await measureStart({ name, bundle, event, environment }))
    }
    const { api, events } = bundles
    if (api === undefined || events === undefined) throw new Error('the edge has no bundles')
    const plan = { api: api.file, events: events.file, keys, count, ended }
    return { ...(await measureRequests(plan, { environment, profile })), functions }
  } finally {
    await edge.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A generation that has ended, with what a runner would have shown of it. */
async function endOne(edge: Edge, account: { id: string; apiKey: string }): Promise<RequestsPlan['ended']> {
  const created = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: BODY })
  const { id } = (await created.json()) as { id: string }
  await edge.request('POST', `/v1/generations/${id}/cancel`, { key: account.apiKey })
  const named = { accountId: account.id, generationId: id, now: Date.now() }
  for (let number = 1; number <= EVENTS; number++)
    await putLiveEvent(edge.api.table, { ...named, id: progressEventId(1, number), event: progressEvent(number) })
  return { id, key: account.apiKey, events: EVENTS }
}

function progressEvent(number: number): ProgressEvent {
  const candidate = { nfe: number, step: number, lane: 0, reward: -0.5, accepted: true, quota: 4 }
  return {
    attempt: 1,
    at: new Date().toISOString(),
    step: number,
    steps: EVENTS,
    nfe_used: number,
    best_reward: -0.5,
    quota: 4,
    rolled_over: 0,
    preview: null,
    candidates: [candidate, candidate],
    thumbnails: null,
  }
}

/** Every function of the cloud but the report of metering, which has no event of its own, and its first event where it can have one here. */
const firstEvents = (ended: RequestsPlan['ended']): Record<string, object | undefined> => ({
  api: urlEvent({ method: 'POST', path: '/v1/generations', key: ended.key, body: BODY }),
  events: urlEvent({ method: 'GET', path: `/v1/generations/${ended.id}/events`, key: ended.key }),
  webhooks: {
    Records: [{ messageId: 'bench', body: JSON.stringify({ account_id: 'acct_none', delivery_id: 'none' }) }],
  },
  reconcile: {},
  metering: undefined,
  backlog: undefined,
})

type Environment = Readonly<Record<string, string>>

async function measureStart(on: {
  name: string
  bundle: Bundle
  event: object | undefined
  environment: Environment
}): Promise<FunctionStart> {
  const runs: StartReport[] = []
  const args = [on.bundle.file, ...(on.event === undefined ? [] : [JSON.stringify(on.event)])]
  for (let run = 0; run < STARTS; run++)
    runs.push(await runProcess<StartReport>(START, { args, environment: on.environment }))
  const median = (of: (run: StartReport) => number) => rounded(medianOf(runs.map(of)))
  return {
    name: on.name,
    bundle_bytes: on.bundle.bytes,
    bundle_gzip_bytes: on.bundle.gzipBytes,
    import_ms: median(({ importMs }) => importMs),
    import_cpu_ms: median(({ importCpuMs }) => importCpuMs),
    first_request_ms: on.event === undefined ? null : median(({ firstMs }) => firstMs ?? Number.NaN),
    resident_mb: median(({ residentMb }) => residentMb),
  }
}

async function measureRequests(
  plan: RequestsPlan,
  { environment, profile }: { environment: Environment; profile: string | undefined },
): Promise<Omit<EdgeReport, 'functions'>> {
  const before = await emulatorMilliseconds()
  let after: number | undefined
  const report = await runProcess<RequestsReport>(REQUESTS, {
    args: [JSON.stringify(plan)],
    environment,
    execArgv: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
    onCreated: async () => {
      after = await emulatorMilliseconds()
    },
  })
  const { cpuMs, wallMs } = report.streams
  const events = cpuMs.length * plan.ended.events
  const emulators = before === undefined || after === undefined ? undefined : (after - before) / report.creates
  return {
    create: costOf(report.create),
    create_with_idempotency_key: costOf(report.keyedCreate),
    get: costOf(report.get),
    event: { events_per_second: rounded((1000 * events) / sumOf(wallMs)), cpu_ms: rounded(sumOf(cpuMs) / events) },
    resident_mb: rounded(report.residentMb),
    emulators_cpu_ms_per_create: emulators === undefined ? null : rounded(emulators),
  }
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

const costOf = ({ cpuMs, wallMs }: Asked): EdgeCost => ({
  requests_per_second: rounded((1000 * wallMs.length) / sumOf(wallMs)),
  cpu_ms_p50: rounded(quantileOf(cpuMs, 0.5)),
  cpu_ms_p95: rounded(quantileOf(cpuMs, 0.95)),
  wall_ms_p50: rounded(quantileOf(wallMs, 0.5)),
  wall_ms_p95: rounded(quantileOf(wallMs, 0.95)),
})

/** Its last message is its report; one that is no object tells that creates are over. */
async function runProcess<Report extends object>(
  file: string,
  on: {
    args: readonly string[]
    environment: Environment
    execArgv?: readonly string[]
    onCreated?: () => Promise<void>
  },
): Promise<Report> {
  // What functions print is not for this terminal.
  const child = fork(file, on.args, {
    env: on.environment,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...(on.execArgv ?? [])],
  })
  let report: Report | undefined
  child.on('message', (message) => {
    if (typeof message === 'object') report = message as Report
    else void on.onCreated?.()
  })
  const [code] = await once(child, 'exit')
  if (report === undefined) throw new Error(`the measured process ended with ${code} and no report`)
  return report
}
