/** Every call of the client against the real edge: what it sends is accepted, and what it returns is of the contract. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { rolloverAdmin, verifyWebhook } from 'rollover'
import { accountSchema } from '../../shared/contract/account.ts'
import { batchResultSchema, batchSchema } from '../../shared/contract/batch.ts'
import { generationSchema } from '../../shared/contract/generation.ts'
import { issuedKeySchema, keySchema } from '../../shared/contract/key.ts'
import { packViewSchema } from '../../shared/contract/pack-view.ts'
import { quoteSchema } from '../../shared/contract/quote.ts'
import { invoiceSchema, statementSchema, usageReportSchema } from '../../shared/contract/statement.ts'
import {
  deliverySchema,
  deliveryWithBodySchema,
  endpointSchema,
  recoveredSchema,
} from '../../shared/contract/webhook.ts'
import { signWebhook } from '../../shared/domain/webhook-signature.ts'
import { createRunner } from '../api/work.ts'
import { type ServedEdge, serveEdge } from './served-edge.ts'

const REQUEST = { prompt: 'seven balloons and four bears', nfe_budget: 30, seed: 4 }

describe('the client', () => {
  let served: ServedEdge
  before(async () => {
    served = await serveEdge()
  })
  after(() => served.close())

  const work = (generationId: string) => createRunner(served.edge).work({ accountId: served.account.id, generationId })

  test('creates, waits, shows, lists, extends, cancels and deletes generations', async () => {
    const { direct } = served
    const accepted = generationSchema.parse(await direct.create({ ...REQUEST, search: 'best-of-n' }))
    const waiting = direct.wait(accepted.id, { pollMs: 20 })
    await work(accepted.id)
    const ended = generationSchema.parse(await waiting)
    assert.equal(ended.status, 'succeeded')
    assert.deepEqual(await direct.get(ended.id).then(({ status }) => status), 'succeeded')
    assert.equal(ended.extendable, true)
    const more = generationSchema.parse(await direct.extend(ended.id, { nfe_budget: 20 }))
    assert.equal(more.extends, ended.id)
    const canceled = generationSchema.parse(await direct.cancel(more.id))
    assert.equal(canceled.status, 'canceled')
    const page = await direct.list({ status: 'canceled', limit: 1 })
    assert.deepEqual(
      page.data.map(({ id }) => id),
      [more.id],
    )
    await direct.delete(more.id)
    await assert.rejects(direct.get(more.id), { name: 'RolloverError', code: 'not_found' })
  })

  test('lets the API hold its answer until the end', async () => {
    const creating = served.direct.create(REQUEST, { waitSeconds: 10 })
    let id: string | undefined
    while (id === undefined) id = (await served.direct.list({ status: 'queued', limit: 1 })).data[0]?.id
    await work(id)
    assert.equal((await creating).status, 'succeeded')
  })

  test('goes through every page of a list', async () => {
    const { direct } = served
    for (let seed = 0; seed < 3; seed++) await direct.create({ ...REQUEST, seed })
    const ids: string[] = []
    for await (const { id } of direct.every({ limit: 1 })) ids.push(id)
    const page = await direct.list({ limit: 100 })
    assert.ok(ids.length >= 3)
    assert.deepEqual(
      ids,
      page.data.map(({ id }) => id),
    )
  })

  test('makes batches, and reads their results line by line', async () => {
    const { batches } = served.direct
    const lines = [
      { id: 'first', prompt: 'two bears' },
      { prompt: 'three apples', nfe_budget: 10 },
    ]
    const batch = batchSchema.parse(await batches.create(lines, { nfeBudget: 30 }))
    assert.deepEqual([batch.lines, batch.usage.nfe_held], [2, 30])
    const results = (await batches.results(batch.id)).map((line) => batchResultSchema.parse(line))
    assert.deepEqual(
      results.map(({ id, generation }) => [id, generation?.prompt]),
      [
        ['first', 'two bears'],
        [null, 'three apples'],
      ],
    )
    assert.equal((await batches.list()).data[0]?.id, batch.id)
    const waiting = batches.wait(batch.id, { pollMs: 20 })
    await batches.cancel(batch.id)
    assert.equal((await waiting).status, 'ended')
  })

  test('quotes, and shows packs, account and books', async () => {
    const { direct } = served
    const quote = quoteSchema.parse(await direct.quote(REQUEST))
    assert.equal(quote.max_price_micro_usd, 30 * quote.price_micro_usd_per_nfe)
    const packs = (await direct.packs()).map((pack) => packViewSchema.parse(pack))
    assert.deepEqual(
      packs.map(({ name }) => name),
      ['emoji-world', 'trajectories'],
    )
    const account = accountSchema.parse(await direct.account())
    const usage = usageReportSchema.parse(await direct.books.usage({ group_by: 'key,pack' }))
    assert.equal(usage.total.price_micro_usd, account.spent_micro_usd)
    assert.match(await direct.books.usageCsv(), /^date,/)
    const month = new Date().toISOString().slice(0, 7)
    const statement = statementSchema.parse(await direct.books.statement(month))
    assert.equal(statement.charged_micro_usd, account.spent_micro_usd)
    assert.match(await direct.books.statementCsv(month), /^month,/)
    await assert.rejects(direct.books.invoice(month), { code: 'month_open' })
    assert.ok(invoiceSchema)
  })

  test('keeps webhook endpoints and reads the log of deliveries', async () => {
    const { webhookEndpoints, webhookDeliveries } = served.direct
    const made = await webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', events: ['generation.succeeded'] })
    assert.match(made.secret, /^whsec_/)
    assert.equal(endpointSchema.parse(await webhookEndpoints.get(made.id)).url, 'http://127.0.0.1:9/hook')
    assert.equal((await webhookEndpoints.list()).data.length, 1)
    const rotated = await webhookEndpoints.rotate(made.id, { overlap_seconds: 60 })
    assert.notEqual(rotated.secret, made.secret)
    const sent = deliverySchema.parse(await webhookEndpoints.test(made.id))
    assert.equal(deliveryWithBodySchema.parse(await webhookDeliveries.get(sent.id)).event_type, 'webhook_endpoint.test')
    assert.ok((await webhookDeliveries.list({ endpoint_id: made.id })).data.some(({ id }) => id === sent.id))
    recoveredSchema.parse(await webhookEndpoints.recover(made.id, '2026-01-01T00:00:00+01:00'))
    assert.equal((await webhookEndpoints.change(made.id, { enabled: false })).enabled, false)
    await webhookEndpoints.delete(made.id)
    await assert.rejects(webhookEndpoints.get(made.id), { code: 'not_found' })
    assert.match((await served.direct.rotateWebhookSecret({ overlap_seconds: 0 })).secret, /^whsec_/)
  })

  test('keeps the keys of its own account', async () => {
    const { keys } = served.direct
    const issued = issuedKeySchema.parse(await keys.issue({ name: 'reader', scopes: ['generations:read'] }))
    assert.equal((await keys.change(issued.key_id, { name: 'reads' })).name, 'reads')
    assert.notEqual((await keys.rotate(issued.key_id, { overlap_seconds: 0 })).api_key, issued.api_key)
    assert.deepEqual((await keys.list()).data.map(({ name }) => name).toSorted(), ['First key', 'reads'])
    await keys.revoke(issued.key_id)
    assert.notEqual(keySchema.parse(await keys.get(issued.key_id)).revoked_at, null)
  })

  test('administers accounts and keys with the administration key', async () => {
    const admin = rolloverAdmin({ apiKey: served.edge.adminKey, baseUrl: served.url })
    const opened = await admin.accounts.create({ name: 'Mine', credit_micro_usd: 500 })
    const { id } = opened.account
    assert.equal((await admin.accounts.credit(id, { id: 'more', micro_usd: 500 })).balance_micro_usd, 1000)
    assert.equal((await admin.accounts.change(id, { name: 'Yours' })).name, 'Yours')
    assert.equal(accountSchema.parse(await admin.accounts.get(id)).name, 'Yours')
    assert.ok((await admin.accounts.list({ limit: 100 })).data.some((account) => account.id === id))
    const issued = issuedKeySchema.parse(await admin.keys(id).issue({ name: 'second', nfe_per_day: 5 }))
    assert.equal((await admin.keys(id).change(issued.key_id, { nfe_per_day: 6 })).nfe_per_day, 6)
    assert.notEqual((await admin.keys(id).rotate(issued.key_id)).api_key, issued.api_key)
    assert.equal((await admin.keys(id).list()).data.length, 2)
    await admin.keys(id).revoke(issued.key_id)
    assert.notEqual(keySchema.parse(await admin.keys(id).get(issued.key_id)).revoked_at, null)
  })
})

describe('verifyWebhook', () => {
  const [secret, other] = [
    `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
  ]
  const body = JSON.stringify({
    type: 'generation.succeeded',
    timestamp: new Date().toISOString(),
    data: { id: 'gen_1' },
  })
  const headersOf = (key: string, at = new Date()) => {
    const seconds = Math.floor(at.getTime() / 1000)
    return { ...signWebhook({ id: 'msg_1', timestampSeconds: seconds, body, secrets: [key] }) }
  }

  test('returns the event of a body that is ours, by any of the secrets, from either kind of headers', () => {
    assert.equal(verifyWebhook({ body, headers: headersOf(secret), secret }).data.id, 'gen_1')
    assert.equal(
      verifyWebhook({ body, headers: new Headers(headersOf(other)), secret: [secret, other] }).data.id,
      'gen_1',
    )
  })

  test('throws for another secret, a changed body, an old delivery, no signature and no secret', () => {
    const headers = headersOf(secret)
    assert.throws(() => verifyWebhook({ body, headers, secret: other }))
    assert.throws(() => verifyWebhook({ body: `${body} `, headers, secret }))
    assert.throws(() => verifyWebhook({ body, headers: headersOf(secret, new Date(Date.now() - 600_000)), secret }))
    assert.throws(() => verifyWebhook({ body, headers: { 'webhook-id': 'msg_1' }, secret }))
    assert.throws(() => verifyWebhook({ body, headers, secret: [] }), TypeError)
  })
})
