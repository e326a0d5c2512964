/** Every search a client may ask for. gpu-runner's table of searches is typed by this list: a missing one does not compile. */
export const SEARCH_NAMES = ['best-of-n', 'rbf'] as const

export type SearchName = (typeof SEARCH_NAMES)[number]
