/** Who pays for an account: the Stripe customer whose metadata names it, as `rollover_account`. */
import type Stripe from 'stripe'

/** Account -> id of its customer; undefined while it has none. */
export type CustomerOf = (accountId: string) => Promise<string | undefined>

/** Found customers are remembered. Rejects when two customers claim one account: neither shall be billed by chance. */
export const findCustomers = (stripe: Stripe): CustomerOf => {
  const known = new Map<string, string>()
  return async (accountId) => {
    const remembered = known.get(accountId)
    if (remembered !== undefined) return remembered
    const query = `metadata['rollover_account']:'${accountId}'`
    const { data } = await stripe.customers.search({ query, limit: 2 })
    if (data.length > 1) throw new Error(`two customers at Stripe claim ${accountId}`)
    const [customer] = data
    if (customer !== undefined) known.set(accountId, customer.id)
    return customer?.id
  }
}
