/**
 * Which routes of an account there are, and which scope each asks for. The table is the gate: a path that no line covers is
 * not behind a key at all, so a new family of routes needs a line here (a test compares the table with the document).
 */
import type { Scope } from '../../../shared/contract/key.ts'

interface Area {
  /** For GET and HEAD. */
  readonly read: Scope | 'any key'
  /** For everything else. */
  readonly write: Scope | 'any key'
}

const GENERATIONS: Area = { read: 'generations:read', write: 'generations:write' }
const ACCOUNT: Area = { read: 'account:read', write: 'account:write' }

/** By path: each covers itself and what lies under it. */
export const AREAS: Readonly<Record<string, Area>> = {
  '/v1/generations': GENERATIONS,
  '/v1/batches': GENERATIONS,
  // Of its own: what is shared is seen by people without a key.
  '/v1/shares': { read: 'shares:write', write: 'shares:write' },
  // A quote costs nothing and leaves nothing behind.
  '/v1/quotes': { read: 'generations:read', write: 'generations:read' },
  '/v1/account': ACCOUNT,
  '/v1/keys': ACCOUNT,
  '/v1/webhook-endpoints': { read: 'webhooks:read', write: 'webhooks:write' },
  '/v1/webhook-deliveries': { read: 'webhooks:read', write: 'webhooks:write' },
  '/v1/packs': { read: 'any key', write: 'any key' },
  '/v1/price-lists': { read: 'any key', write: 'any key' },
}

/** What is behind an account's key; Hono's "/*" covers the path without it too. */
export const ACCOUNT_PATHS = Object.keys(AREAS).map((root) => `${root}/*`)

/** The scope a request needs; undefined when any key will do. Throws for a path outside every area: it would be unguarded. */
export const scopeFor = (method: string, path: string): Scope | undefined => {
  const area = Object.entries(AREAS).find(([root]) => path === root || path.startsWith(`${root}/`))?.[1]
  if (area === undefined) throw new Error(`${path} is in no area of scopes.ts`)
  const scope = method === 'GET' || method === 'HEAD' ? area.read : area.write
  return scope === 'any key' ? undefined : scope
}
