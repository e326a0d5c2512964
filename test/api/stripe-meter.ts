/**
 * Stripe's meter, as far as metering speaks to it, over HTTP: customers by metadata, events counted once by identifier for 24
 * hours of the test's clock, sums by customer and time. It can be told to fail as Stripe and networks do.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Stripe from 'stripe'
import { createStripe } from '../../functions/metering/settings.ts'

/** `lost`: counted, and the answer never comes. `broken`: not counted, 500. `busy`: 429. `rejected`: 400. `locked`: 401. */
export type Mood = 'well' | 'lost' | 'broken' | 'busy' | 'rejected' | 'locked'

export interface MeterEvent {
  readonly identifier: string
  readonly customer: string
  readonly value: number
  readonly timestamp: number
  readonly receivedAt: number
}

export interface StripeMeter {
  readonly stripe: Stripe
  /** Every event that was counted. */
  readonly counted: MeterEvent[]
  /** Requests to count an event, well or not. */
  attempts: number
  mood: Mood
  /** Account -> ids of the customers that claim it. */
  readonly customers: Map<string, string[]>
  close(): Promise<void>
}

const DAY_MS = 86_400_000

export const startStripeMeter = async (now: () => number): Promise<StripeMeter> => {
  const counted: MeterEvent[] = []
  const customers = new Map<string, string[]>()
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error))
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://stripe.test')
    const body = new URLSearchParams(await textOf(request))
    if (pathname === '/v1/customers/search') return send(response, 200, search(searchParams.get('query') ?? ''))
    if (pathname === '/v1/billing/meters/mtr_test/event_summaries') return send(response, 200, sum(searchParams))
    if (pathname !== '/v1/billing/meter_events') return send(response, 404, problem('no such route'))
    meter.attempts++
    if (meter.mood === 'broken') return send(response, 500, problem('an error on our side', 'api_error'))
    if (meter.mood === 'busy') return send(response, 429, problem('too many requests'))
    if (meter.mood === 'locked') return send(response, 401, problem('Invalid API Key provided'))
    if (meter.mood === 'rejected') return send(response, 400, problem('No active meter found for event name'))
    return count(body, response)
  }
  const count = (body: URLSearchParams, response: ServerResponse): unknown => {
    const identifier = body.get('identifier') ?? ''
    const known = counted.some((event) => event.identifier === identifier && now() - event.receivedAt < DAY_MS)
    const refuse = (message: string) => send(response, 400, problem(message))
    if (known) return refuse(`An event already exists with identifier ${identifier}.`)
    const timestamp = Number(body.get('timestamp'))
    if (now() - timestamp * 1000 > 35 * DAY_MS) return refuse('timestamp too far in the past')
    const customer = body.get('payload[stripe_customer_id]') ?? ''
    counted.push({ identifier, customer, value: Number(body.get('payload[value]')), timestamp, receivedAt: now() })
    if (meter.mood === 'lost') return response.destroy()
    return send(response, 200, { object: 'billing.meter_event', identifier })
  }
  const search = (query: string) => {
    const [, account = ''] = /^metadata\['rollover_account'\]:'(\w+)'$/.exec(query) ?? []
    const data = (customers.get(account) ?? []).map((id) => ({ object: 'customer', id }))
    return { object: 'search_result', data, has_more: false, url: '/v1/customers/search' }
  }
  const sum = (query: URLSearchParams) => {
    const within = counted.filter(
      ({ customer, timestamp }) =>
        customer === query.get('customer') &&
        timestamp >= Number(query.get('start_time')) &&
        timestamp < Number(query.get('end_time')),
    )
    const aggregated_value = within.reduce((total, { value }) => total + value, 0)
    const data = within.length === 0 ? [] : [{ object: 'billing.meter_event_summary', id: 'sum', aggregated_value }]
    return { object: 'list', data, has_more: false, url: '/v1/billing/meters/mtr_test/event_summaries' }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stripe = createStripe('rk_test_of_this_file', { host: '127.0.0.1', port, protocol: 'http' })
  const meter: StripeMeter = {
    stripe,
    counted,
    attempts: 0,
    mood: 'well',
    customers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return meter
}

const problem = (message: string, type = 'invalid_request_error') => ({ error: { type, message } })

const send = (response: ServerResponse, status: number, body: object): ServerResponse =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
