/**
 * Every search a client may ask for, the default first. A name that gpu-runner's table of searches lacks does not compile there. Its
 * `gradient` is not here: no pack has a graph for it.
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
] as const

export type SearchName = (typeof SEARCH_NAMES)[number]
