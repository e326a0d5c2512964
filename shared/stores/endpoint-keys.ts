/** Which keys of an endpoint sign, and their rotation. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { conditional, type Table } from './store.ts'
import {
  endpointKey,
  getEndpoint,
  type NamedEndpoint,
  type SigningKeys,
  type WebhookEndpoint,
} from './webhook-endpoints.ts'

/** Generations of keys at once: more would only lengthen the header. */
const MAX_GENERATIONS = 5
const MAX_TRIES = 5

/** Keys that sign at `now`, newest first. */
export const liveKeys = (endpoint: WebhookEndpoint, now: number): readonly SigningKeys[] =>
  endpoint.keys.filter((keys) => keys.expires_at === undefined || keys.expires_at > now)

/** What one attempt is signed with, `v1` of every generation before `v1a`: old receivers look at the first. */
export const signingSecrets = (endpoint: WebhookEndpoint, now: number): string[] => {
  const live = liveKeys(endpoint, now)
  return [...live.map(({ secret }) => secret), ...live.map(({ secret_key }) => secret_key)]
}

/**
 * Puts new keys first and lets the others sign until `overlapUntil` (epoch milliseconds; now or earlier ends them at once).
 * Conditional on the newest keys that were read, so of two rotations at once the second starts from the first. A repeated
 * write finds its own keys and changes nothing. Undefined when the account has no such endpoint.
 */
export const rotateKeys = async (
  table: Table,
  rotation: NamedEndpoint & { keys: SigningKeys; overlapUntil: number; now: number },
): Promise<WebhookEndpoint | undefined> => {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const endpoint = await getEndpoint(table, rotation)
    if (endpoint === undefined || endpoint.keys.some(({ secret }) => secret === rotation.keys.secret)) return endpoint
    const before = liveKeys(endpoint, rotation.now).map((keys) => ({
      ...keys,
      expires_at: Math.min(keys.expires_at ?? Number.POSITIVE_INFINITY, rotation.overlapUntil),
    }))
    const kept = before.filter(({ expires_at }) => expires_at > rotation.now)
    const keys = [rotation.keys, ...kept].slice(0, MAX_GENERATIONS)
    if (await writeKeys(table, { named: rotation, keys, newest: endpoint.keys[0]?.secret }))
      return { ...endpoint, keys }
  }
  throw new Error(`the keys of endpoint ${rotation.endpointId} kept changing`)
}

const writeKeys = async (
  table: Table,
  { named, keys, newest }: { named: NamedEndpoint; keys: readonly SigningKeys[]; newest: string | undefined },
): Promise<boolean> => {
  const written = await conditional(
    table.client
      .send(
        new UpdateCommand({
          TableName: table.name,
          Key: endpointKey(named),
          UpdateExpression: 'SET #keys = :keys',
          ConditionExpression: '#keys[0].secret = :newest',
          ExpressionAttributeNames: { '#keys': 'keys' },
          ExpressionAttributeValues: { ':keys': keys, ':newest': newest },
        }),
      )
      .then(() => true),
  )
  return written ?? false
}
