/** Where a delivery goes and what signs it, looked up at each attempt: a corrected address or a new key counts at once. */
import { accountSecrets } from '../../shared/stores/account-webhook-secret.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import type { Delivery } from '../../shared/stores/deliveries.ts'
import { signingSecrets } from '../../shared/stores/endpoint-keys.ts'
import type { Table } from '../../shared/stores/store.ts'
import { getEndpoint, type WebhookEndpoint } from '../../shared/stores/webhook-endpoints.ts'

export type Receiver =
  | {
      readonly kind: 'open'
      readonly url: string
      readonly secrets: readonly string[]
      /** undefined for the URL that a request named. */
      readonly endpoint: WebhookEndpoint | undefined
    }
  /** The endpoint is off, or gone. */
  | { readonly kind: 'closed'; readonly endpoint: WebhookEndpoint | undefined }

export const findReceiver = async (table: Table, delivery: Delivery, now: number): Promise<Receiver> => {
  const { account_id: accountId, endpoint_id: endpointId } = delivery
  if (endpointId !== undefined) {
    const endpoint = await getEndpoint(table, { accountId, endpointId })
    if (endpoint === undefined || endpoint.disabled !== undefined) return { kind: 'closed', endpoint }
    return { kind: 'open', url: endpoint.url, secrets: signingSecrets(endpoint, now), endpoint }
  }
  const account = await getAccount(table, accountId)
  if (account === undefined) throw new Error(`delivery ${delivery.id} has no account`)
  return { kind: 'open', url: delivery.url, secrets: accountSecrets(account, now), endpoint: undefined }
}
