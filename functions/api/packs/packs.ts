/** GET /v1/packs: what can be drawn, by which search, at what price. */
import { createRoute, z } from '@hono/zod-openapi'
import { FORMATS_OF } from '../../../shared/contract/output.ts'
import { nfePerEvaluation, type PackManifest } from '../../../shared/contract/pack.ts'
import { type PackView, packViewSchema } from '../../../shared/contract/pack-view.ts'
import { DEFAULT_PRIORITY, PRIORITIES, type Priority } from '../../../shared/contract/priority.ts'
import { PIXEL_REWARDS } from '../../../shared/contract/reward.ts'
import { SEARCH_NAMES } from '../../../shared/contract/search-names.ts'
import { quoteGeneration } from '../../../shared/domain/price.ts'
import type { ApiContext, PackCard } from '../context.ts'
import { type Api, apiKeySecurity, json, problems } from '../route.ts'

const packsSchema = z.strictObject({ data: z.array(packViewSchema) })

export const addPacks = (app: Api, api: ApiContext): void => {
  const route = createRoute({
    method: 'get',
    path: '/v1/packs',
    summary: 'The packs that can be searched',
    security: apiKeySecurity,
    responses: { 200: json(packsSchema, 'The packs'), ...problems },
  })
  const priceOf = (manifest: PackManifest, priority: Priority) =>
    quoteGeneration(manifest, { nfe: 1, priority, at: api.now() }).microUsdPerNfe
  const view = ({ manifest }: PackCard) => ({
    name: manifest.name,
    version: manifest.version,
    licence: manifest.licence,
    output: { kind: manifest.output.kind, formats: [...FORMATS_OF[manifest.output.kind]] },
    resolution: manifest.resolution,
    rewards: viewRewards(manifest),
    default_reward: manifest.default_reward,
    searches: SEARCH_NAMES.filter((name) => name !== 'gradient' || followsGradients(manifest)),
    vocabulary: manifest.vocabulary,
    prompt_form: manifest.prompt_form ?? null,
    examples: manifest.examples,
    nfe_cap: manifest.nfe_cap,
    nfe_per_evaluation: nfePerEvaluation(manifest),
    price_micro_usd_per_nfe: priceOf(manifest, DEFAULT_PRIORITY),
    prices_micro_usd_per_nfe: Object.fromEntries(
      PRIORITIES.map((priority) => [priority, priceOf(manifest, priority)]),
    ) as Record<Priority, number>,
  })
  app.openapi(route, (context) => context.json({ data: [...api.packs.values()].map(view) }, 200))
}

const viewRewards = (manifest: PackManifest): PackView['rewards'] => [
  ...Object.entries(manifest.rewards)
    .filter(([, { offered }]) => offered)
    .map(([name, { takes, units, gradient }]) => ({ name, takes, units, gradient: gradient !== undefined })),
  ...(manifest.output.kind === 'image' ? Object.entries(PIXEL_REWARDS) : []).map(([name, { units }]) => ({
    name,
    takes: 'image' as const,
    units,
    gradient: false,
  })),
]

const followsGradients = ({ rewards }: PackManifest): boolean =>
  Object.values(rewards).some(({ offered, gradient }) => offered && gradient !== undefined)
