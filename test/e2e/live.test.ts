/** Watching and canceling a search of a real pack, over HTTP, while the edge is killed in between. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { generationSchema } from '../../shared/contract/generation.ts'
import { killHard, type RunningStack, runStack } from './stack.ts'

describe('a search that is watched', () => {
  let running: RunningStack
  before(async () => {
    running = await runStack()
  })
  after(() => running.close())

  /** Ids and names of events until the connection ends, or until `enough` of them have ids. */
  const watch = async (apiKey: string, id: string, from: { lastEventId?: string; enough?: number }) => {
    const response = await fetch(`${running.stack.url}/v1/generations/${id}/events`, {
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(from.lastEventId !== undefined && { 'last-event-id': from.lastEventId }),
      },
    })
    assert.equal(response.status, 200)
    let text = ''
    const ids = () => [...text.matchAll(/^id: (.*)$/gm)].map(([, found]) => found ?? '')
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (ids().length >= (from.enough ?? Infinity)) break
    }
    return ids()
  }
  const edgeAnswers = async () => {
    for (let tries = 0; tries < 200; tries++) {
      const answered = await fetch(`${running.stack.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (answered) return
      await sleep(50)
    }
    throw new Error('the edge did not come back')
  }

  test('goes on for its watcher after the edge was killed, and is canceled long before its budget, for what it used', async () => {
    const account = await running.open(100_000)
    const { id } = await account.create({ prompt: 'two bears and three apples', nfe_budget: 2000, seed: 3 })
    const first = await watch(account.apiKey, id, { enough: 2 })
    killHard(running.stack, 'edge')
    await edgeAnswers()
    const lastEventId = first.at(-1) ?? ''
    const next = await watch(account.apiKey, id, { lastEventId, enough: 2 })
    assert.ok(next.every((eventId) => eventId > lastEventId))

    const headers = { authorization: `Bearer ${account.apiKey}` }
    const asked = await fetch(`${running.stack.url}/v1/generations/${id}/cancel`, { method: 'POST', headers })
    assert.equal(asked.status, 202)
    const rest = await watch(account.apiKey, id, { lastEventId: next.at(-1) ?? '' })
    assert.equal(rest.at(-1), 'end')
    const generation = generationSchema.parse(await account.get(id))
    assert.deepEqual([generation.status, generation.stop_reason], ['canceled', 'canceled'])
    assert.equal(generation.outputs.length, 1)

    const trace = await fetch(generation.trace?.url ?? '', { headers, redirect: 'manual' })
    assert.equal(trace.status, 302)
    const lines = await (await fetch(trace.headers.get('location') ?? '')).text()
    assert.equal(createHash('sha256').update(lines).digest('hex'), generation.usage.receipt_sha256)
    assert.equal(JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '').nfe, generation.usage.nfe_used)
    const totals = await account.settled()
    assert.deepEqual([totals['held_micro_usd'], totals['spent_micro_usd']], [0, generation.usage.price_micro_usd])
    assert.ok(generation.usage.nfe_used > 0 && generation.usage.nfe_used < 2000)
  })
})
