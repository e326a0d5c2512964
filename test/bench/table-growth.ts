/** What requests to the edge take, by how much the table holds: the real app in this process, the emulators in another. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Edge, startEdge } from '../api/edge.ts'
import { fillTable } from './fill-table.ts'
import { quantileOf, rounded } from './quantile.ts'

const ASKED = 25
/** Of what takes seconds. */
const ASKED_OF_WEEKS = 5
const CREDIT_MICRO_USD = 1_000_000_000
const OPENED_AT_ONCE = 16
const PER_DAY = 2800
const DAY_MS = 86_400_000
const MAX_FILL_MS = 180_000
const BODY = {
  prompt: 'seven balloons, four bears, and four swans',
  nfe_budget: 200,
  metadata: { project: 'menagerie' },
}

/** Milliseconds on the clock, of requests one after the other. */
export interface Taken {
  readonly p50: number
  readonly p95: number
}

async function timeRequests(request: (at: number) => Promise<Response>, times = ASKED): Promise<Taken> {
  const taken: number[] = []
  // As many before are not counted: their code may be new.
  for (let at = -times; at < times; at++) {
    const from = performance.now()
    const response = await request(Math.max(0, at))
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.url} ${response.status}: ${text}`)
    if (at >= 0) taken.push(performance.now() - from)
  }
  return { p50: rounded(quantileOf(taken, 0.5)), p95: rounded(quantileOf(taken, 0.95)) }
}

export interface AccountsRow {
  readonly accounts: number
  /** A create by one account after the other. */
  readonly create: Taken
  readonly account: Taken
  /** A page of the administration's list of accounts. */
  readonly list: Taken
}

/** With so many accounts open, ascending. */
export async function measureAccounts(counts: readonly number[]): Promise<AccountsRow[]> {
  const edge = await startEdge()
  try {
    const keys: string[] = []
    const rows: AccountsRow[] = []
    for (const accounts of counts) {
      await openAccounts(edge, keys, accounts)
      // Spread over all of them.
      const key = (at: number) => keys[Math.floor((at * keys.length) / ASKED)] ?? ''
      rows.push({
        accounts,
        create: await timeRequests((at) => edge.request('POST', '/v1/generations', { key: key(at), body: BODY })),
        account: await timeRequests((at) => edge.request('GET', '/v1/account', { key: key(at) })),
        list: await timeRequests(() => edge.request('GET', '/v1/admin/accounts?limit=20', { key: edge.adminKey })),
      })
    }
    return rows
  } finally {
    await edge.close()
  }
}

async function openAccounts(edge: Edge, keys: string[], until: number): Promise<void> {
  let left = until - keys.length
  const lane = async () => {
    while (left-- > 0) keys.push((await edge.openAccount(CREDIT_MICRO_USD)).apiKey)
  }
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, lane))
}

export interface StoredRow {
  /** Generations that one account has, ended and kept. */
  readonly generations: number
  readonly create: Taken
  readonly get: Taken
  /** A page of twenty, the newest, and one far back. */
  readonly newest: Taken
  readonly oldest: Taken
  /** Of one day, and of four weeks. */
  readonly usage_day: Taken
  readonly usage_weeks: Taken
}

/** With so many generations stored, ascending, as far as they can be written in three minutes in all. */
export async function measureStored(counts: readonly number[]): Promise<{ rows: StoredRow[]; fillSeconds: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-stored-'))
  const newest = Date.now()
  const rows: StoredRow[] = []
  let edge = await startEdge(Date.now, folder)
  const account = await edge.openAccount(CREDIT_MICRO_USD)
  let stored = 0
  let fillMs = 0
  try {
    for (const count of counts) {
      await edge.close()
      const from = performance.now()
      const until = from + MAX_FILL_MS - fillMs
      const range = { from: stored, to: count, until }
      const on = { dataFolder: folder, tableName: edge.api.table.name, accountId: account.id, keyId: account.keyId }
      stored = await fillTable({ ...on, ...range, newest, perDay: PER_DAY })
      fillMs += performance.now() - from
      edge = await startEdge(Date.now, folder)
      rows.push(await timeStored(edge, { key: account.apiKey, stored, newest }))
      if (stored < count) break
    }
    return { rows, fillSeconds: fillMs / 1000 }
  } finally {
    await edge.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function timeStored(edge: Edge, on: { key: string; stored: number; newest: number }): Promise<StoredRow> {
  const { key } = on
  const get = (path: string) => () => edge.request('GET', path, { key })
  const day = (daysAgo: number) => new Date(on.newest - daysAgo * DAY_MS).toISOString().slice(0, 10)
  // Far back, and so that a whole page lies before it.
  const before = new Date(on.newest - (on.stored - 100) * (DAY_MS / PER_DAY)).toISOString()
  const page = await edge.request('GET', '/v1/generations?limit=20', { key })
  const { data } = (await page.json()) as { data: { id: string }[] }
  return {
    generations: on.stored,
    newest: await timeRequests(get('/v1/generations?limit=20')),
    oldest: await timeRequests(get(`/v1/generations?limit=20&created_before=${before}`)),
    get: await timeRequests(get(`/v1/generations/${data.at(-1)?.id}`)),
    usage_day: await timeRequests(get(`/v1/account/usage?from=${day(1)}&to=${day(1)}`)),
    usage_weeks: await timeRequests(get(`/v1/account/usage?from=${day(27)}&to=${day(0)}`), ASKED_OF_WEEKS),
    create: await timeRequests(() => edge.request('POST', '/v1/generations', { key, body: BODY })),
  }
}
