/** Which methods a path takes, read from the routes themselves: what 405 and `Allow` answer with. */
import type { Api } from '../route.ts'

export const allowedMethods = (app: Api, path: string): string[] => {
  const methods = app.routes
    // Middleware is registered for all methods; it is no route.
    .filter(({ method, path: pattern }) => method !== 'ALL' && matches(pattern, path))
    .map(({ method }) => method)
  return [...new Set(methods)].toSorted()
}

/** Hono's own patterns here: literal segments and `:name`. */
const matches = (pattern: string, path: string): boolean => {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]))
  )
}
