/** Names of operations, read from method and path, so that generated clients have methods to call. */

const VERBS = { get: 'get', post: 'create', put: 'replace', patch: 'update', delete: 'delete' } as const
export type Method = keyof typeof VERBS

/**
 * `get /v1/generations` -> listGenerations, `get /v1/generations/{id}/outputs/{n}` -> getGenerationOutput,
 * `post /v1/generations/{id}/cancel` -> cancelGeneration.
 */
export const operationIdOf = (method: Method, path: string): string => {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== 'v1')
  const words = segments.flatMap((segment, at) =>
    isParameter(segment) ? [] : [isParameter(segments[at + 1] ?? '') ? singular(segment) : segment],
  )
  const last = segments.at(-1) ?? ''
  const act = method === 'post' && isParameter(segments.at(-2) ?? '') && singular(last) === last
  if (act) return camel([last, ...words.slice(0, -1)])
  if (method === 'get' && singular(last) !== last) return camel(['list', ...words])
  const named = method === 'post' && !isParameter(last) ? [...words.slice(0, -1), singular(words.at(-1) ?? '')] : words
  return camel([VERBS[method], ...named])
}

const isParameter = (segment: string): boolean => segment.startsWith('{')

export const singular = (word: string): string =>
  /(ies)$/.test(word)
    ? word.replace(/ies$/, 'y')
    : /(ches|sses)$/.test(word)
      ? word.replace(/es$/, '')
      : word.replace(/([^s])s$/, '$1')

/** Words to one name: first-second -> firstSecond. */
export const camel = (parts: readonly string[]): string =>
  parts
    .join('-')
    .split('-')
    .map((word, at) => (at === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('')
