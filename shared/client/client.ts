/**
 * The client of the Rollover API, for Node and browsers:
 *
 *   const rollover = new Rollover({ apiKey, baseUrl })
 *   const { id } = await rollover.create({ prompt: 'seven balloons and four bears', nfe_budget: 300 })
 *   const generation = await rollover.wait(id)
 *   const png = await rollover.download(generation)
 *
 * A call resolves with the API's answer, of the type of its contract, or rejects with RolloverError (the API refused),
 * RolloverConnectionError (no answer) or the reason of an aborted signal. What may succeed later is tried again, after the
 * time the API asked for; a POST carries one Idempotency-Key through all its tries, so nothing is made or charged twice.
 */
import type { z } from 'zod'
import type { AccountView } from '../contract/account.ts'
import type { Generation } from '../contract/generation.ts'
import type { PackView } from '../contract/pack-view.ts'
import type { QuoteView } from '../contract/quote.ts'
import type { ShareView } from '../contract/share.ts'
import type { PriceListView } from '../contract/statement.ts'
import type { accountSecretSchema } from '../contract/webhook.ts'
import type { AccountChange } from './admin.ts'
import { batches } from './batches.ts'
import { booksAt } from './books.ts'
import { type DownloadOptions, downloadOutput, downloadTrace } from './download.ts'
import {
  type CreateOptions,
  cancelGeneration,
  createGeneration,
  deleteGeneration,
  type Extension,
  everyOf,
  extendGeneration,
  type GenerationQuery,
  getGeneration,
  listGenerations,
  type NewGeneration,
  type Page,
  type WaitOptions,
  waitForGeneration,
} from './generations.ts'
import { type CallOptions, type Connection, type ConnectOptions, connect } from './http.ts'
import { keysAt } from './keys.ts'
import { createShare, type NewShare } from './shares.ts'
import { type LiveEvent, type StreamOptions, streamGeneration } from './stream.ts'
import { webhookDeliveries, webhookEndpoints } from './webhooks.ts'

export type { AccountView } from '../contract/account.ts'
export type { Batch } from '../contract/batch.ts'
export type { GenerationEvent } from '../contract/event.ts'
export type { Generation, GenerationStatus, Usage } from '../contract/generation.ts'
export type { KeyView } from '../contract/key.ts'
export type { PackView } from '../contract/pack-view.ts'
export type { Problem, ProblemCode } from '../contract/problem.ts'
export type { QuoteView } from '../contract/quote.ts'
export type { ShareView } from '../contract/share.ts'
export type { PriceListView, StatementView } from '../contract/statement.ts'
export type { DeliveryView, EndpointView } from '../contract/webhook.ts'
export { type RolloverAdmin, rolloverAdmin } from './admin.ts'
export type { BatchOptions, BatchResult, NewBatchLine } from './batches.ts'
export type { UsageQuery } from './books.ts'
export { RolloverChecksumError, RolloverConnectionError, RolloverError } from './errors.ts'
export type { CreateOptions, Extension, GenerationQuery, NewGeneration, Page, WaitOptions } from './generations.ts'
export type { CallOptions, ConnectOptions } from './http.ts'
export type { IssuedKey, KeyChange, NewKey } from './keys.ts'
export { type NewShare, readShared } from './shares.ts'
export type { LiveEvent } from './stream.ts'
export { type ReceivedWebhook, verifyWebhook } from './verify-webhook.ts'

export class Rollover {
  readonly #api: Connection
  /** Usage, statements, invoices. */
  readonly books: ReturnType<typeof booksAt>
  readonly batches: ReturnType<typeof batches>
  readonly keys: ReturnType<typeof keysAt>
  readonly webhookEndpoints: ReturnType<typeof webhookEndpoints>
  readonly webhookDeliveries: ReturnType<typeof webhookDeliveries>

  constructor(options: ConnectOptions) {
    this.#api = connect(options)
    this.books = booksAt(this.#api, '/v1/account')
    this.batches = batches(this.#api)
    this.keys = keysAt(this.#api, '/v1/keys')
    this.webhookEndpoints = webhookEndpoints(this.#api)
    this.webhookDeliveries = webhookDeliveries(this.#api)
  }

  create(request: NewGeneration, options?: CreateOptions): Promise<Generation> {
    return createGeneration(this.#api, request, options)
  }

  get(id: string, options?: CallOptions): Promise<Generation> {
    return getGeneration(this.#api, id, options)
  }

  list(query?: GenerationQuery, options?: CallOptions): Promise<Page<Generation>> {
    return listGenerations(this.#api, query, options)
  }

  /** Every generation the query finds, newest first, page after page. */
  every(query: Omit<GenerationQuery, 'cursor'> = {}, options?: CallOptions): AsyncGenerator<Generation> {
    return everyOf((cursor) => this.list({ ...query, ...(cursor !== undefined && { cursor }) }, options))
  }

  /** The generation once it has ended, however it ended. */
  wait(id: string, options?: WaitOptions): Promise<Generation> {
    return waitForGeneration(this.#api, id, options)
  }

  /** Its search, live: `for await (const event of rollover.stream(id))`. */
  stream(id: string, options?: StreamOptions): AsyncGenerator<LiveEvent> {
    return streamGeneration(this.#api, id, options)
  }

  cancel(id: string, options?: CallOptions): Promise<Generation> {
    return cancelGeneration(this.#api, id, options)
  }

  /** Goes on with a search that has ended, as a generation of its own. */
  extend(id: string, extension: Extension, options?: CreateOptions): Promise<Generation> {
    return extendGeneration(this.#api, id, extension, options)
  }

  delete(id: string, options?: CallOptions): Promise<void> {
    return deleteGeneration(this.#api, id, options)
  }

  /** An image's bytes, checked against its hash. */
  async download(generation: string | Generation, options: DownloadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { index: _, ...call } = options
    const of = typeof generation === 'string' ? await this.get(generation, call) : generation
    return downloadOutput(this.#api, of, options)
  }

  /** Every evaluation that was charged, as JSON Lines, checked against the receipt. */
  async trace(generation: string | Generation, options?: CallOptions): Promise<string | undefined> {
    const of = typeof generation === 'string' ? await this.get(generation, options) : generation
    return downloadTrace(this.#api, of, options)
  }

  /** A link that shows ended generations to whoever has it, until it expires. */
  share(share: NewShare, options?: CallOptions): Promise<ShareView> {
    return createShare(this.#api, share, options)
  }

  /** What a generation would cost at most, and what one like it took before. Nothing is held. */
  quote(request: NewGeneration, options?: CallOptions): Promise<QuoteView> {
    return this.#api.json({ method: 'POST', path: '/v1/quotes', body: request, ...options })
  }

  account(options?: CallOptions): Promise<AccountView> {
    return this.#api.json({ method: 'GET', path: '/v1/account', ...options })
  }

  /** What is left out stays. */
  changeAccount(change: AccountChange, options?: CallOptions): Promise<AccountView> {
    return this.#api.json({ method: 'PATCH', path: '/v1/account', body: change, ...options })
  }

  /** Every price there was, so that an old bill stays explainable. */
  async priceLists(options?: CallOptions): Promise<readonly PriceListView[]> {
    const { data } = await this.#api.json<{ data: PriceListView[] }>({
      method: 'GET',
      path: '/v1/price-lists',
      ...options,
    })
    return data
  }

  async packs(options?: CallOptions): Promise<readonly PackView[]> {
    const { data } = await this.#api.json<{ data: PackView[] }>({ method: 'GET', path: '/v1/packs', ...options })
    return data
  }

  /** A new secret for the `webhook_url` of requests; the former one signs beside it for the overlap, a day unless said. */
  rotateWebhookSecret(
    rotation: { overlap_seconds?: number } = {},
    options?: CallOptions,
  ): Promise<z.infer<typeof accountSecretSchema>> {
    return this.#api.json({ method: 'POST', path: '/v1/account/webhook-secret/rotate', body: rotation, ...options })
  }
}
