/** POST /v1/quotes: what a generation would cost, by the code that later holds it. Nothing is held and nothing stays behind. */
import { createRoute } from '@hono/zod-openapi'
import { generationRequestSchema } from '../../../shared/contract/generation.ts'
import { type QuoteView, quoteSchema } from '../../../shared/contract/quote.ts'
import { type Expectation, expectFrom } from '../../../shared/domain/expectation.ts'
import { quoteGeneration } from '../../../shared/domain/price.ts'
import { countsOf, type Reward } from '../../../shared/domain/reward.ts'
import { getAccount } from '../../../shared/stores/accounts.ts'
import { readHistory } from '../../../shared/stores/history.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, jsonBody, problems } from '../route.ts'
import { checkRequest } from './check-request.ts'
import { refuseBeyondKey } from './take-hold.ts'
import { viewReward } from './view-reward.ts'

export const addQuotes = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'post',
    path: '/v1/quotes',
    summary: 'What a generation would cost, take and bring',
    description: 'Takes the body of a generation, and refuses what that would refuse, except for want of money.',
    security: apiKeySecurity,
    request: { body: jsonBody(generationRequestSchema(api.webhooks)) },
    responses: { 200: json(quoteSchema, 'The quote'), ...problems },
  })
  app.openapi(route, async (context) => {
    const request = context.req.valid('json')
    const accountId = context.get('accountId')
    const { card, reward } = checkRequest(api, request)
    const quote = quoteGeneration(card.manifest, {
      nfe: request.nfe_budget,
      priority: request.priority,
      at: api.now(),
    })
    const { name: pack } = card.manifest
    refuseBeyondKey(context.get('key'), { pack, nfe: quote.nfe })
    const [account, history] = await Promise.all([
      getAccount(api.table, accountId),
      readHistory(api.table, { accountId, pack, reward, search: request.search }),
    ])
    const expected = expectFrom(history, quote.nfe)
    const view: QuoteView = {
      object: 'quote',
      pack,
      reward: viewReward(reward),
      search: request.search,
      nfe_budget: quote.nfe,
      priority: request.priority,
      price_micro_usd_per_nfe: quote.microUsdPerNfe,
      price_list: quote.priceList,
      max_price_micro_usd: quote.microUsd,
      covered: (account?.balance_micro_usd ?? 0) >= quote.microUsd,
      expected:
        expected === undefined ? null : viewExpectation(expected, { reward, microUsdPerNfe: quote.microUsdPerNfe }),
    }
    return context.json(view, 200)
  })
}

const viewExpectation = (
  expected: Expectation,
  { reward, microUsdPerNfe }: { reward: Reward; microUsdPerNfe: number },
): NonNullable<QuoteView['expected']> => ({
  samples: expected.samples,
  nfe_used: expected.nfeUsed,
  price_micro_usd: expected.nfeUsed * microUsdPerNfe,
  duration_seconds: expected.seconds,
  reward: expected.reward,
  exact_share: countsOf(reward) === undefined ? null : expected.exactShare,
  gain:
    expected.gain === undefined
      ? null
      : { reward: expected.gain.reward, over_nfe_budget: expected.gain.nfeBudget, samples: expected.gain.samples },
})
