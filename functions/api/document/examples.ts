/** Bodies that work as they stand, by operation: what the reference page sends, and what a test sends to the real routes. */
const ROTATION = { overlap_seconds: 3600 }
const KEY = { name: 'reporting', scopes: ['generations:read', 'account:read'] }

/** Of a generation that is nobody's: examples that name one name this. */
export const EXAMPLE_GENERATION = 'gen_01M8AZGAY81N10QZ66CK48T2NP'

export const EXAMPLES: Readonly<Record<string, unknown>> = {
  'post /v1/generations': {
    prompt: 'seven balloons, four bears, and four swans',
    nfe_budget: 200,
    target_reward: -0.2,
    metadata: { project: 'menagerie' },
  },
  'post /v1/generations/{id}/extend': { nfe_budget: 100 },
  'post /v1/batches':
    '{"id": "first", "prompt": "seven balloons", "nfe_budget": 100}\n{"id": "second", "prompt": "four bears", "nfe_budget": 100}\n',
  'post /v1/shares': { generations: [EXAMPLE_GENERATION], expires_in_seconds: 86_400 },
  'post /v1/quotes': { prompt: 'seven balloons, four bears, and four swans', nfe_budget: 200 },
  'patch /v1/account': { balance_alerts_micro_usd: [1_000_000] },
  'post /v1/account/webhook-secret/rotate': ROTATION,
  'post /v1/keys': KEY,
  'patch /v1/keys/{key_id}': { nfe_per_day: 10_000 },
  'post /v1/keys/{key_id}/rotate': ROTATION,
  'post /v1/webhook-endpoints': { url: 'https://example.com/rollover', events: ['generation.succeeded'] },
  'patch /v1/webhook-endpoints/{id}': { description: 'of the shop' },
  'post /v1/webhook-endpoints/{id}/rotate': ROTATION,
  'post /v1/webhook-endpoints/{id}/recover': { since: '2026-11-01T00:00:00Z' },
  'post /v1/admin/accounts': { name: 'Menagerie', credit_micro_usd: 5_000_000 },
  'patch /v1/admin/accounts/{id}': { name: 'Menagerie & Sons' },
  'post /v1/admin/accounts/{id}/credits': { id: 'invoice-2026-11', micro_usd: 5_000_000 },
  'post /v1/admin/accounts/{id}/keys': KEY,
  'patch /v1/admin/accounts/{id}/keys/{key_id}': { nfe_per_day: 10_000 },
  'post /v1/admin/accounts/{id}/keys/{key_id}/rotate': ROTATION,
}
