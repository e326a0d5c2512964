/** What attempts say about an endpoint: failures in a row, and the switch that turns it off. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import type { DisabledReason } from '../contract/webhook.ts'
import { conditional, type Table } from './store.ts'
import { endpointKey, getEndpoint, type NamedEndpoint, type WebhookEndpoint } from './webhook-endpoints.ts'

/**
 * Counts a failed attempt; the endpoint after it, or undefined when it is gone. Noting the same attempt twice in a row
 * counts it once; with another's between, once too often at worst, and days decide as well.
 */
export const noteFailure = async (
  table: Table,
  { at, attemptName, ...named }: NamedEndpoint & { at: number; attemptName: string },
): Promise<WebhookEndpoint | undefined> => {
  const first = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: endpointKey(named),
        UpdateExpression: 'SET failing = :first',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(failing)',
        ExpressionAttributeValues: { ':first': { since: at, attempts: 1, last: attemptName } },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  if (first?.Attributes !== undefined) return first.Attributes as WebhookEndpoint
  const counted = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: endpointKey(named),
        UpdateExpression: 'SET failing.attempts = failing.attempts + :one, failing.#last = :name',
        ConditionExpression: 'attribute_exists(failing) AND failing.#last <> :name',
        ExpressionAttributeNames: { '#last': 'last' },
        ExpressionAttributeValues: { ':one': 1, ':name': attemptName },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return (counted?.Attributes as WebhookEndpoint | undefined) ?? getEndpoint(table, named)
}

/** Forgets the failures so far; the endpoint may be gone. */
export const noteSuccess = async (table: Table, named: NamedEndpoint): Promise<void> => {
  await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: endpointKey(named),
        UpdateExpression: 'REMOVE failing',
        ConditionExpression: 'attribute_exists(pk)',
      }),
    ),
  )
}

/** Turns the endpoint off unless it is off already; answers it as it is then, or undefined when it is gone. */
export const disableEndpoint = async (
  table: Table,
  { reason, at, ...named }: NamedEndpoint & { reason: DisabledReason; at: number },
): Promise<WebhookEndpoint | undefined> => {
  const disabled = await conditional(
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: endpointKey(named),
        UpdateExpression: 'SET disabled = :disabled',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(disabled)',
        ExpressionAttributeValues: { ':disabled': { reason, at } },
        ReturnValues: 'ALL_NEW',
      }),
    ),
  )
  return (disabled?.Attributes as WebhookEndpoint | undefined) ?? getEndpoint(table, named)
}
