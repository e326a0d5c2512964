/** GET /v1/price-lists: every price there was, so that an old bill stays explainable. */
import { createRoute, z } from '@hono/zod-openapi'
import { PRICE_CLASSES } from '../../../shared/contract/pack.ts'
import { priceListSchema } from '../../../shared/contract/statement.ts'
import { PRICE_LISTS, type PriceList, priceOnList } from '../../../shared/domain/price.ts'
import type { ApiContext } from '../context.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'

export const addPriceLists = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/price-lists',
    summary: 'The price lists, oldest first',
    description: 'A generation keeps the list that was in force when it was accepted.',
    security: apiKeySecurity,
    responses: { 200: json(z.strictObject({ data: z.array(priceListSchema) }), 'The price lists'), ...problems },
  })
  app.openapi(route, (context) => context.json({ data: PRICE_LISTS.map((list) => viewPriceList(api, list)) }, 200))
}

const viewPriceList = (api: ApiContext, list: PriceList): z.infer<typeof priceListSchema> => {
  const pricesOf = (pack: Parameters<typeof priceOnList>[1]) => ({
    standard: priceOnList(list, pack, 'standard'),
    low: priceOnList(list, pack, 'low'),
  })
  const packs = [...api.packs.values()].map(({ manifest }) => [manifest.name, pricesOf(manifest)] as const)
  return {
    version: list.version,
    from: new Date(list.from).toISOString(),
    // No pack has an empty name, so no price of a pack's own goes before that of the class.
    classes_micro_usd_per_nfe: Object.fromEntries(
      PRICE_CLASSES.map((price_class) => [price_class, pricesOf({ name: '', price_class })]),
    ),
    packs_micro_usd_per_nfe: Object.fromEntries(packs),
  }
}
