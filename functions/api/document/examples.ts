/** Bodies that work as they stand, by operation: what the reference page sends, and what a test sends to the real routes. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  'post /v1/generations': {
    prompt: 'seven balloons, four bears, and four swans',
    nfe_budget: 200,
    target_reward: -0.2,
    metadata: { project: 'menagerie' },
  },
  'post /v1/batches':
    '{"id": "first", "prompt": "seven balloons", "nfe_budget": 100}\n{"id": "second", "prompt": "four bears", "nfe_budget": 100}\n',
  'post /v1/quotes': { prompt: 'seven balloons, four bears, and four swans', nfe_budget: 200 },
}
