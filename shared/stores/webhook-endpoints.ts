/** Webhook endpoints of an account: where events go, which, and how they are signed. */
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { DisabledReason, EventFilter } from '../contract/webhook.ts'
import type { Failing } from '../domain/endpoint-health.ts'
import { conditional, type Table } from './store.ts'
import { accountItemKey } from './table.ts'

/** One generation of keys. While a rotation overlaps there are several, and every one signs. */
export interface SigningKeys {
  /** `whsec_...`, shown once. */
  readonly secret: string
  /** `whsk_...`, shown never. */
  readonly secret_key: string
  /** `whpk_...`, shown always. */
  readonly public_key: string
  readonly created_at: number
  /** Signs until then, epoch milliseconds; the newest keys have no end. */
  readonly expires_at?: number
}

export interface WebhookEndpoint {
  readonly id: string
  readonly account_id: string
  readonly url: string
  readonly description: string
  readonly events: EventFilter
  /** Newest first. */
  readonly keys: readonly SigningKeys[]
  /** Set while nothing is sent: by the account, after a 410, or after days of failure. */
  readonly disabled?: { readonly reason: DisabledReason; readonly at: number }
  /** Failures since the last success. `last` names the newest, so that noting it again counts it once. */
  readonly failing?: Failing & { readonly last: string }
  readonly created_at: number
}

export interface NamedEndpoint {
  readonly accountId: string
  readonly endpointId: string
}

export const endpointKey = ({ accountId, endpointId }: NamedEndpoint) =>
  accountItemKey(accountId, 'ENDPOINT', endpointId)

/** The id is new, so an item found under it is this write's own first try. */
export const putEndpoint = async (table: Table, endpoint: WebhookEndpoint): Promise<void> => {
  const key = endpointKey({ accountId: endpoint.account_id, endpointId: endpoint.id })
  await conditional(
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: { ...key, ...endpoint },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    ),
  )
}

export const getEndpoint = async (table: Table, named: NamedEndpoint): Promise<WebhookEndpoint | undefined> => {
  const { Item } = await table.client.send(
    new GetCommand({ TableName: table.name, Key: endpointKey(named), ConsistentRead: true }),
  )
  return Item as WebhookEndpoint | undefined
}

/** Every endpoint of the account, oldest first. Their number is limited when they are made, so one page holds them. */
export const listEndpoints = async (table: Table, accountId: string): Promise<WebhookEndpoint[]> => {
  const { pk, sk } = accountItemKey(accountId, 'ENDPOINT', '')
  const { Items } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :endpoints)',
      ExpressionAttributeValues: { ':pk': pk, ':endpoints': sk },
      ConsistentRead: true,
    }),
  )
  return (Items ?? []) as WebhookEndpoint[]
}

export type EndpointChange = Partial<Pick<WebhookEndpoint, 'url' | 'description' | 'events' | 'disabled'>>

/**
 * Sets what is given and removes what is named; undefined when the account has no such endpoint. Values are absolute, so
 * twice equals once.
 */
export const changeEndpoint = async (
  table: Table,
  { set, remove, ...named }: NamedEndpoint & { set: EndpointChange; remove: readonly ('disabled' | 'failing')[] },
): Promise<WebhookEndpoint | undefined> => {
  const assignments = Object.keys(set).map((name) => `#${name} = :${name}`)
  const clauses = [
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.map((name) => `#${name}`).join(', ')}`] : []),
  ]
  if (clauses.length === 0) return getEndpoint(table, named)
  const changed = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: endpointKey(named),
        UpdateExpression: clauses.join(' '),
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: Object.fromEntries(
          [...Object.keys(set), ...remove].map((name) => [`#${name}`, name]),
        ),
        ...(assignments.length > 0 && {
          ExpressionAttributeValues: Object.fromEntries(
            Object.entries(set).map(([name, value]) => [`:${name}`, value]),
          ),
        }),
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return changed?.Attributes as WebhookEndpoint | undefined
}

/** False when the account has no such endpoint. Deliveries under way find it gone and end there. */
export const deleteEndpoint = async (table: Table, named: NamedEndpoint): Promise<boolean> => {
  const { Attributes } = await table.client.send(
    new DeleteCommand({ TableName: table.name, Key: endpointKey(named), ReturnValues: 'ALL_OLD' }),
  )
  return Attributes !== undefined
}
