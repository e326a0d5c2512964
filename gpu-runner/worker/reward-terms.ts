/** A generation's reward as the terms that its search is evaluated by; a client's server is asked in the account's name. */
import { setTimeout as pause } from 'node:timers/promises'
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import { signWebhook } from '../../shared/domain/webhook-signature.ts'
import { accountSecrets } from '../../shared/stores/account-webhook-secret.ts'
import { getAccount } from '../../shared/stores/accounts.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { ContentCheck } from '../content/check-content.ts'
import { scoreByServer } from '../reward/score-by-server.ts'
import { type Term, termsOf } from '../reward/terms.ts'

interface RewardContext {
  readonly table: Table
  readonly webhooks: AddressPolicy
  readonly content: Pick<ContentCheck, 'image'>
  readonly now: () => number
}

export const rewardTerms = (on: RewardContext, generation: GenerationItem): readonly Term[] =>
  termsOf(generation.reward, (server, weight) =>
    scoreByServer(
      {
        generationId: generation.id,
        prompt: generation.prompt,
        attempt: String(generation.fence),
        policy: on.webhooks,
        allowed: async (bytes) => (await on.content.image({ bytes, contentType: 'image/png' })) === undefined,
        sign: signerOf(on, generation.account_id),
        pause,
      },
      { server, weight },
    ),
  )

/** With the secrets of the account, as the webhooks to a URL that a request names. A rotation counts from the next search on. */
const signerOf = ({ table, now }: RewardContext, accountId: string) => {
  let read: ReturnType<typeof getAccount> | undefined
  return async (message: { id: string; body: string }) => {
    read ??= getAccount(table, accountId)
    const account = await read
    if (account === undefined) throw new Error(`the account ${accountId} is gone`)
    const secrets = accountSecrets(account, now())
    return signWebhook({ ...message, timestampSeconds: Math.floor(now() / 1000), secrets })
  }
}
