/** A search, live: what a watcher is sent, and that a lost connection or a restarted edge costs no event. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { createApi } from '../../functions/api/app.ts'
import type { Api } from '../../functions/api/route.ts'
import { createEventsApp } from '../../functions/events/app.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { endedEventSchema, progressEventSchema, statusEventSchema } from '../../shared/contract/live-event.ts'
import { deleteGeneration } from '../../shared/stores/delete-generation.ts'
import { leaseGeneration } from '../../shared/stores/generations.ts'
import { listLiveEvents } from '../../shared/stores/live-events.ts'
import { type Edge, startEdge, type TestAccount } from './edge.ts'
import { createRunner } from './work.ts'

const BODY = { prompt: 'seven balloons and four bears', nfe_budget: 60, seed: 4 }
/** Far longer than the clock is moved. */
const LEASE_MS = 600_000
const TIMING = { pollMs: 20, pingMs: 100, sliceMs: 120_000 }

interface Sent {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

describe('the events of a generation', () => {
  let edge: Edge
  let account: TestAccount
  /** Progress is shown every 400 ms: a test moves the clock instead of waiting. */
  let ahead = 0
  const now = () => Date.now() + ahead
  before(async () => {
    edge = await startEdge()
    account = await edge.openAccount()
  })
  after(() => edge.close())

  const create = async (terms: object = {}) => {
    const response = await edge.request('POST', '/v1/generations', { key: account.apiKey, body: { ...BODY, ...terms } })
    assert.equal(response.status, 202)
    return { accountId: account.id, generationId: generationSchema.parse(await response.json()).id }
  }
  const runner = () =>
    createRunner(edge, {
      now,
      leaseMs: LEASE_MS,
      beforeEvaluation: async () => {
        ahead += 500
        await sleep(8)
      },
    })
  const open = (app: Api, id: string, { lastEventId, key }: { lastEventId?: string | undefined; key?: string } = {}) =>
    app.request(`/v1/generations/${id}/events`, {
      headers: {
        authorization: `Bearer ${key ?? account.apiKey}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
    })
  /** Reads events until there are no more, or `most` of a kind with an id have come. */
  const read = async (response: Response, most = Infinity): Promise<{ sent: Sent[]; text: string }> => {
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
    const sent: Sent[] = []
    let [text, rest] = ['', '']
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const part = decoder.decode(chunk, { stream: true })
      text += part
      const blocks = (rest + part).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
        const event = field('event')
        if (event !== undefined) sent.push({ event, id: field('id'), data: JSON.parse(field('data') ?? 'null') })
      }
      if (sent.filter(({ id }) => id !== undefined).length >= most) break
    }
    return { sent, text }
  }
  const ids = (sent: readonly Sent[]) => sent.flatMap(({ id }) => id ?? [])

  test('follow a search from its queue to its end', async () => {
    const named = await create()
    const app = createEventsApp(edge.api, TIMING)
    const reading = read(await open(app, named.generationId))
    await sleep(60)
    await runner().work(named)
    const { sent } = await reading
    const statuses = sent
      .filter(({ event }) => event === 'status')
      .map(({ data }) => statusEventSchema.parse(data).status)
    assert.deepEqual([statuses[0], statuses.at(-1)], ['queued', 'succeeded'])
    const progress = sent.filter(({ event }) => event === 'progress').map(({ data }) => progressEventSchema.parse(data))
    assert.ok(progress.length >= 5)
    for (const [at, { nfe_used, attempt, preview }] of progress.entries()) {
      assert.ok(nfe_used > (progress[at - 1]?.nfe_used ?? 0))
      assert.deepEqual([attempt, preview], [1, null])
    }
    const last = sent.at(-1)
    assert.deepEqual([last?.event, last?.id], ['ended', 'end'])
    const ended = endedEventSchema.parse(last?.data)
    assert.deepEqual([ended.status, ended.usage.nfe_used], ['succeeded', 60])
    assert.match(ended.usage.receipt_sha256 ?? '', /^[0-9a-f]{64}$/)
  })

  test('go on after the last one seen when the edge was started anew, without gap or repetition', async () => {
    const named = await create()
    const working = runner().work(named)
    const first = await read(await open(createEventsApp(edge.api, TIMING), named.generationId), 3)
    const seen = ids(first.sent)
    assert.equal(seen.length, 3)
    // Another process of the edge: nothing of the first connection is left but its id, as the client kept it.
    const restarted = createApi({ ...edge.api })
    const rest = await read(await open(restarted, named.generationId, { lastEventId: seen.at(-1) }))
    await working
    const whole = await read(await open(restarted, named.generationId))
    assert.deepEqual([...seen, ...ids(rest.sent)], ids(whole.sent))
    assert.ok(ids(rest.sent).length > 2)
    assert.equal(ids(whole.sent).at(-1), 'end')
  })

  test('of a second attempt come after those of the first, and say so', async () => {
    const named = await create()
    const gone = new AbortController()
    let calls = 0
    const first = createRunner(edge, {
      now,
      leaseMs: LEASE_MS,
      stopping: gone.signal,
      beforeEvaluation: async () => {
        ahead += 500
        await sleep(8)
        if (++calls === 6) gone.abort()
      },
    })
    await first.work(named)
    await runner().work(named)
    const { sent } = await read(await open(createEventsApp(edge.api, TIMING), named.generationId))
    const attempts = sent.flatMap(({ event, data }) =>
      event === 'progress' ? progressEventSchema.parse(data).attempt : [],
    )
    assert.deepEqual(new Set(attempts), new Set([1, 2]))
    assert.deepEqual(
      attempts,
      attempts.toSorted((a, b) => a - b),
    )
    assert.deepEqual(ids(sent), ids(sent).toSorted())
  })

  test('end with the slice, and are kept alive by pings while nothing happens', async () => {
    const named = await create()
    await leaseGeneration(edge.api.table, { ...named, now: now(), leaseMs: 60_000 })
    const started = Date.now()
    const app = createEventsApp(edge.api, { pollMs: 20, pingMs: 60, sliceMs: 1500 })
    const { sent, text } = await read(await open(app, named.generationId))
    assert.ok(Date.now() - started < 20_000)
    assert.deepEqual(sent, [{ event: 'status', id: undefined, data: { id: named.generationId, status: 'running' } }])
    assert.ok(text.split(': ping\n\n').length >= 3)
    assert.match(text, /^retry: 1000\n\n/)
  })

  test('stop for a client that leaves', async () => {
    const named = await create()
    const reads: number[] = []
    const table = new Proxy(edge.api.table, {
      get: (target, name: 'client' | 'name') => {
        if (name === 'client') reads.push(Date.now())
        return target[name]
      },
    })
    const app = createEventsApp({ ...edge.api, table }, TIMING)
    const response = await open(app, named.generationId)
    await response.body?.getReader().cancel()
    await sleep(200)
    const then = reads.length
    await sleep(300)
    assert.equal(reads.length, then)
  })

  test('after the end are none: 204', async () => {
    const named = await create()
    await runner().work(named)
    const response = await open(createEventsApp(edge.api, TIMING), named.generationId, { lastEventId: 'end' })
    assert.equal(response.status, 204)
  })

  test('are not for another account, and an id that is none is refused', async () => {
    const named = await create()
    const app = createEventsApp(edge.api, TIMING)
    const stranger = await edge.openAccount()
    assert.equal((await open(app, named.generationId, { key: stranger.apiKey })).status, 404)
    assert.equal((await open(app, named.generationId, { key: 'rk_nonsense' })).status, 401)
    assert.equal((await open(app, named.generationId, { lastEventId: 'yesterday' })).status, 400)
  })

  test('carry small images of the best so far when the request asks for previews', async () => {
    const named = await create({ previews: true })
    await runner().work(named)
    const { sent } = await read(await open(createEventsApp(edge.api, TIMING), named.generationId))
    const previews = sent.flatMap(({ event, data }) =>
      event === 'progress' ? (progressEventSchema.parse(data).preview ?? []) : [],
    )
    assert.ok(previews.length >= 1)
    const shown = sent.flatMap(({ event, data }) => (event === 'progress' ? [progressEventSchema.parse(data)] : []))
    const candidates = shown.flatMap((event) => event.candidates)
    assert.deepEqual(
      candidates.map(({ nfe }) => nfe),
      candidates.map((_, at) => at + 1),
      'every candidate, the last ones too',
    )
    assert.equal(candidates.length, shown.at(-1)?.nfe_used)
    for (const { thumbnails, candidates: told } of shown)
      assert.equal(
        thumbnails !== null,
        told.some(({ reward }) => reward !== null),
      )
    for (const preview of previews) {
      const bytes = Buffer.from(preview.replace(/^data:image\/webp;base64,/, ''), 'base64')
      const { format, width } = await sharp(bytes).metadata()
      assert.deepEqual([format, width], ['webp', 128])
      // Noise, as the closed form paints it, is the worst there is to compress.
      assert.ok(bytes.byteLength < 16_000, `${bytes.byteLength} bytes`)
    }
  })

  test('are gone, previews and all, once the generation is deleted', async () => {
    const named = await create({ previews: true })
    await runner().work(named)
    assert.ok((await listLiveEvents(edge.api.table, { ...named, limit: 10 })).length > 0)
    assert.equal(await deleteGeneration(edge.api, named), true)
    assert.deepEqual(await listLiveEvents(edge.api.table, { ...named, limit: 10 }), [])
    assert.equal((await open(createEventsApp(edge.api, TIMING), named.generationId)).status, 404)
  })
})
