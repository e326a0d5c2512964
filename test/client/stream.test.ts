/** A search watched through connections that break: each event once, in order, until the end. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveEvent } from 'rollover'
import { readServerSentEvents } from '../../shared/client/sse.ts'
import { createRunner } from '../api/work.ts'
import { type ServedEdge, serveEdge } from './served-edge.ts'

const REQUEST = { prompt: 'seven balloons and four bears', nfe_budget: 60, seed: 4 }

describe('a stream of events', () => {
  let served: ServedEdge
  before(async () => {
    served = await serveEdge()
  })
  after(() => served.close())

  const all = async (events: AsyncIterable<LiveEvent>): Promise<LiveEvent[]> => {
    const seen: LiveEvent[] = []
    for await (const event of events) seen.push(event)
    return seen
  }
  const idsOf = (events: readonly LiveEvent[]) => events.flatMap(({ type, id }) => (type === 'status' ? [] : [id]))
  /** Progress is noted every 400 ms of this clock. */
  const searched = async (): Promise<string> => {
    let ahead = 0
    const { id } = await served.direct.create(REQUEST)
    const runner = createRunner(served.edge, {
      now: () => Date.now() + ahead,
      leaseMs: 600_000,
      beforeEvaluation: async () => {
        ahead += 500
        await sleep(8)
      },
    })
    await runner.work({ accountId: served.account.id, generationId: id })
    return id
  }

  test('comes whole through connections that break in the middle of an event', async () => {
    const id = await searched()
    const whole = await all(served.direct.stream(id))
    assert.ok(whole.length > 5)
    assert.deepEqual([whole[0]?.type, whole.at(-1)?.type, whole.at(-1)?.id], ['status', 'ended', 'end'])
    served.proxy.next('drop', 'cut', 'cut', 'lose', 'refuse', 'cut')
    const broken = await all(served.shaky.stream(id))
    assert.deepEqual(idsOf(broken), idsOf(whole))
    const connections = served.proxy.seen.filter(({ path }) => path.endsWith('/events'))
    assert.ok(connections.length >= 7)
    assert.ok(connections.some(({ headers }) => headers['last-event-id'] !== undefined))
  })

  test('goes on after an event that the caller names, and has nothing after the end', async () => {
    const id = await searched()
    const whole = await all(served.direct.stream(id))
    const middle = idsOf(whole)[2] ?? ''
    assert.deepEqual(idsOf(await all(served.direct.stream(id, { lastEventId: middle }))), idsOf(whole).slice(3))
    assert.deepEqual(await all(served.direct.stream(id, { lastEventId: 'end' })), [])
  })

  test('shows a search while it runs, and lets go of the connection when the caller leaves', async () => {
    const { id } = await served.direct.create(REQUEST)
    const runner = createRunner(served.edge, { beforeEvaluation: () => sleep(100) })
    const seen: string[] = []
    let working: Promise<unknown> | undefined
    for await (const { type, data } of served.direct.stream(id)) {
      if (type === 'status') seen.push(data.status)
      if (seen.includes('running')) break
      working ??= runner.work({ accountId: served.account.id, generationId: id })
    }
    await served.direct.cancel(id)
    await working
    assert.deepEqual(seen, ['queued', 'running'])
  })

  test('ends with the reason when its signal is aborted', async () => {
    const { id } = await served.direct.create(REQUEST)
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 100)
    await assert.rejects(all(served.direct.stream(id, { signal: stop.signal })), /enough/)
    await served.direct.cancel(id)
  })
})

describe('server-sent events', () => {
  const read = async (...chunks: string[]) => {
    const events = []
    const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk))
    for await (const event of readServerSentEvents(ReadableStream.from(bytes))) events.push(event)
    return events
  }

  test('are read the same however the bytes are cut', async () => {
    const text =
      'retry: 10\r\nid: 1\r\nevent: a\r\ndata: {"x":\r\ndata: "ä€"}\r\n\r\n: ping\n\ndata: two\n\nid: 9\ndata: cut of'
    const whole = await read(text)
    assert.deepEqual(whole, [
      { id: '1', type: 'a', data: '{"x":\n"ä€"}' },
      { id: '1', type: 'message', data: 'two' },
    ])
    for (let at = 1; at < text.length; at++) assert.deepEqual(await read(text.slice(0, at), text.slice(at)), whole)
    const bytes = [...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte))
    const events = []
    for await (const event of readServerSentEvents(ReadableStream.from(bytes))) events.push(event)
    assert.deepEqual(events, whole)
  })
})
