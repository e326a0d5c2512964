/** The secret that signs deliveries to URLs named by requests, and its rotation. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { type Account, getAccount } from './accounts.ts'
import { conditional, type Table } from './store.ts'
import { accountKey } from './table.ts'

const MAX_FORMER = 4
const MAX_TRIES = 5

/** What signs at `now`, newest first. */
export const accountSecrets = (account: Account, now: number): string[] => [
  ...account.webhook_secrets,
  ...(account.former_webhook_secrets ?? []).filter(({ expires_at }) => expires_at > now).map(({ secret }) => secret),
]

/**
 * Puts a new secret in place and lets those before it sign until `overlapUntil` (epoch milliseconds; now or earlier ends them
 * at once). Conditional on the secret that was read, and a repeated write finds its own: twice equals once. The account
 * afterwards, or undefined when there is none.
 */
export const rotateAccountSecret = async (
  table: Table,
  rotation: { accountId: string; secret: string; overlapUntil: number; now: number },
): Promise<Account | undefined> => {
  const { accountId, secret, overlapUntil, now } = rotation
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const account = await getAccount(table, accountId)
    const former = account?.former_webhook_secrets ?? []
    const known = [...(account?.webhook_secrets ?? []), ...former.map((each) => each.secret)]
    if (account === undefined || known.includes(secret)) return account
    const retired = [
      ...account.webhook_secrets.map((each) => ({ secret: each, expires_at: overlapUntil })),
      ...former.map((each) => ({ ...each, expires_at: Math.min(each.expires_at, overlapUntil) })),
    ].filter(({ expires_at }) => expires_at > now)
    const written = await conditional(
      table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: accountKey(accountId),
          UpdateExpression: 'SET webhook_secrets = :new, former_webhook_secrets = :former',
          ConditionExpression: 'webhook_secrets[0] = :read',
          ExpressionAttributeValues: {
            ':new': [secret],
            ':former': retired.slice(0, MAX_FORMER),
            ':read': account.webhook_secrets[0],
          },
          ReturnValues: 'ALL_NEW',
        }),
      ),
    )
    if (written?.Attributes !== undefined) return written.Attributes as Account
  }
  throw new Error(`the webhook secret of ${accountId} kept changing`)
}
