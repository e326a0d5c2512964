/** rollover webhooks list, create, rotate, delete, test, deliveries, replay, recover. */
import { type Command, EXIT, onlyArgument, said, show } from './command.ts'
import { EVENT_OPTION, eventsOf } from './event-filter.ts'
import { listen } from './listen.ts'
import { table } from './text.ts'

const DAY_MS = 86_400_000
const ENDPOINT = 'id of a webhook endpoint'

const list: Command = {
  words: 'webhooks list',
  summary: 'List the webhook endpoints',
  run: async (terminal) => {
    const found = await (await terminal.client()).webhookEndpoints.list({ signal: terminal.signal })
    show(terminal, found, ({ data }) =>
      table(
        ['ID', 'STATE', 'EVENTS', 'URL'],
        data.map(({ id, enabled, disabled, events, url }) => [
          id,
          enabled ? 'on' : `off (${disabled?.reason ?? ''})`,
          events.join(' '),
          url,
        ]),
      ),
    )
    return EXIT.ok
  },
}

const create: Command = {
  words: 'webhooks create',
  summary: 'Send events to an address; the secret is shown once',
  takes: 'URL',
  options: {
    event: EVENT_OPTION,
  },
  run: async (terminal, given) => {
    const events = eventsOf(given.texts('event'))
    const request = { url: onlyArgument(given, 'URL'), ...(events.length > 0 && { events }) }
    const made = await (await terminal.client()).webhookEndpoints.create(request, { signal: terminal.signal })
    show(terminal, made, ({ id, secret }) => [`${id}  ${secret}  (shown once)`])
    return EXIT.ok
  },
}

const rotate: Command = {
  words: 'webhooks rotate',
  summary: 'Make a new secret of an endpoint; both sign for an overlap',
  takes: 'ID',
  options: { overlap: { type: 'string', value: 'SECONDS', summary: 'how long the former one signs too (a day)' } },
  run: async (terminal, given) => {
    const id = onlyArgument(given, ENDPOINT)
    const client = await terminal.client()
    const rotation = said({ overlap_seconds: given.number('overlap') })
    const rotated = await client.webhookEndpoints.rotate(id, rotation, { signal: terminal.signal })
    show(terminal, rotated, ({ secret }) => [`${id}  ${secret}  (shown once)`])
    return EXIT.ok
  },
}

const remove: Command = {
  words: 'webhooks delete',
  summary: 'Delete a webhook endpoint',
  takes: 'ID',
  run: async (terminal, given) => {
    const id = onlyArgument(given, ENDPOINT)
    await (await terminal.client()).webhookEndpoints.delete(id, { signal: terminal.signal })
    show(terminal, { id, deleted: true }, () => [`${id}  deleted`])
    return EXIT.ok
  },
}

const test: Command = {
  words: 'webhooks test',
  summary: 'Send a test event to an endpoint',
  takes: 'ID',
  run: async (terminal, given) => {
    const client = await terminal.client()
    const sent = await client.webhookEndpoints.test(onlyArgument(given, ENDPOINT), { signal: terminal.signal })
    show(terminal, sent, ({ id, state }) => [`${id}  ${state}`])
    return EXIT.ok
  },
}

const deliveries: Command = {
  words: 'webhooks deliveries',
  summary: 'Show what was sent, newest first',
  options: {
    endpoint: { type: 'string', value: 'ID', summary: 'only to this endpoint' },
    limit: { type: 'string', value: 'N', summary: 'most of one page (20)' },
    cursor: { type: 'string', value: 'CURSOR', summary: 'go on where a page ended' },
  },
  run: async (terminal, given) => {
    const [endpoint, limit, cursor] = [given.text('endpoint'), given.number('limit'), given.text('cursor')]
    const query = {
      ...(endpoint !== undefined && { endpoint_id: endpoint }),
      ...(limit !== undefined && { limit }),
      ...(cursor !== undefined && { cursor }),
    }
    const page = await (await terminal.client()).webhookDeliveries.list(query, { signal: terminal.signal })
    show(terminal, page, ({ data, next_cursor }) => [
      ...table(
        ['ID', 'EVENT', 'STATE', 'ATTEMPTS', 'LAST', 'URL'],
        data.map(({ id, event_type, state, attempts, url }) => [
          id,
          event_type,
          state,
          String(attempts.length),
          String(attempts.at(-1)?.status ?? attempts.at(-1)?.outcome ?? '-'),
          url,
        ]),
      ),
      ...(next_cursor === null ? [] : [`more: rollover webhooks deliveries --cursor ${next_cursor}`]),
    ])
    return EXIT.ok
  },
}

const replay: Command = {
  words: 'webhooks replay',
  summary: 'Send a delivery again',
  takes: 'ID',
  run: async (terminal, given) => {
    const client = await terminal.client()
    const sent = await client.webhookDeliveries.replay(onlyArgument(given, 'id of a delivery'), {
      signal: terminal.signal,
    })
    show(terminal, sent, ({ id, state }) => [`${id}  ${state}`])
    return EXIT.ok
  },
}

const recover: Command = {
  words: 'webhooks recover',
  summary: 'Send again what an endpoint did not get since a time',
  takes: 'ID',
  options: { since: { type: 'string', value: 'TIME', summary: 'such as 2027-01-31T00:00:00Z; a day ago unless said' } },
  run: async (terminal, given) => {
    const id = onlyArgument(given, ENDPOINT)
    const since = given.text('since') ?? new Date(terminal.now() - DAY_MS).toISOString()
    const client = await terminal.client()
    const recovered = await client.webhookEndpoints.recover(id, since, { signal: terminal.signal })
    show(terminal, recovered, ({ replayed, has_more }) => [
      `${id}  ${replayed} sent again${has_more ? '; there are more: the same again' : ''}`,
    ])
    return EXIT.ok
  },
}

export const WEBHOOK_COMMANDS: readonly Command[] = [
  listen,
  list,
  create,
  rotate,
  remove,
  test,
  deliveries,
  replay,
  recover,
]
