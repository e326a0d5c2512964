/**
 * Every search a client may ask for, the default first. A name that gpu-runner's table of searches lacks does not compile there.
 * `gradient` is for rewards that a pack has a gradient graph of.
 */
export const SEARCH_NAMES = [
  'rbf',
  'adaptive',
  'best-of-n',
  'funnel',
  'zero-order',
  'evolution',
  'sop',
  'smc',
  'code',
  'svdd',
  'particles',
  'threshold',
  'lidar',
  'rbf-paper',
  'gradient',
] as const

export type SearchName = (typeof SEARCH_NAMES)[number]
