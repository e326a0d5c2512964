/** rollover keys list, issue, change, rotate, revoke. */
import { SCOPES } from '../../contract/key.ts'
import type { Rollover } from '../client.ts'
import type { KeyChange } from '../keys.ts'
import {
  type Command,
  EXIT,
  type Given,
  type Option,
  onlyArgument,
  said,
  show,
  type Terminal,
  UsageError,
} from './command.ts'
import { table } from './text.ts'

const account = {
  type: 'string',
  value: 'ID',
  summary: 'of another account, with the administration key',
} as const satisfies Option
const overlap = { type: 'string', value: 'SECONDS', summary: 'how long the former secret works (a day)' } as const
const KEY_ID = 'id of a key'

/** Those of the own account by the key of login; those of another one by the administration's. */
const keysOf = async (terminal: Terminal, given: Given): Promise<Rollover['keys']> => {
  const named = given.text('account')
  return named === undefined ? (await terminal.client()).keys : (await terminal.admin()).keys(named)
}

const list: Command = {
  words: 'keys list',
  summary: 'List the keys of an account',
  options: { account },
  run: async (terminal, given) => {
    const found = await (await keysOf(terminal, given)).list({ signal: terminal.signal })
    show(terminal, found, ({ data }) =>
      table(
        ['ID', 'NAME', 'SECRETS', 'LAST USED', 'NFES A REQUEST/DAY/MONTH', 'STATE'],
        data.map((key) => [
          key.id,
          key.name,
          key.secrets.map(({ hint }) => hint).join(' '),
          key.last_used_at ?? 'never',
          [key.nfe_per_request, key.nfe_per_day, key.nfe_per_month].map((cap) => cap ?? '-').join('/'),
          key.revoked_at === null ? 'live' : 'revoked',
        ]),
      ),
    )
    return EXIT.ok
  },
}

const NONE = 'none'

/** What a key may do. */
const limitOptions = {
  scope: {
    type: 'string',
    value: 'SCOPE',
    multiple: true,
    summary: 'what it may do; all unless said',
    choices: SCOPES,
  },
  'nfe-per-request': { type: 'string', value: 'N', summary: 'cap of one generation' },
  'nfe-per-day': { type: 'string', value: 'N', summary: 'cap of a day' },
  'nfe-per-month': { type: 'string', value: 'N', summary: 'cap of a month' },
  pack: { type: 'string', value: 'NAME', multiple: true, summary: 'only these packs' },
  expires: { type: 'string', value: 'TIME', summary: 'opens nothing from then on, such as 2027-01-31T00:00:00Z' },
} as const satisfies Command['options']

const limitsOf = (given: Given): KeyChange => {
  const cap = (name: string) => (given.text(name) === NONE ? null : given.number(name))
  const [packs, expires] = [given.texts('pack'), given.text('expires')]
  return said({
    scopes: scopesOf(given.texts('scope')),
    nfe_per_request: cap('nfe-per-request'),
    nfe_per_day: cap('nfe-per-day'),
    nfe_per_month: cap('nfe-per-month'),
    packs: packs.length === 0 ? undefined : packs[0] === NONE ? null : [...packs],
    expires_at: expires === NONE ? null : expires,
  })
}

const scopesOf = (named: readonly string[]): (typeof SCOPES)[number][] | undefined => {
  const scopes = SCOPES.filter((scope) => named.includes(scope))
  if (named.some((name) => !scopes.some((scope) => scope === name)))
    throw new UsageError(`--scope takes one of ${SCOPES.join(', ')}`)
  return scopes.length === 0 ? undefined : scopes
}

const issue: Command = {
  words: 'keys issue',
  summary: 'Issue a key; its secret is shown once',
  takes: 'NAME',
  options: { account, ...limitOptions },
  run: async (terminal, given) => {
    const request = { ...limitsOf(given), name: onlyArgument(given, 'name of the key') }
    const issued = await (await keysOf(terminal, given)).issue(request, { signal: terminal.signal })
    show(terminal, issued, ({ key_id, api_key }) => [`${key_id}  ${api_key}  (shown once)`])
    return EXIT.ok
  },
}

const change: Command = {
  words: 'keys change',
  summary: `Change what a key may do; what is left out stays, "${NONE}" lifts a cap, packs or expiry`,
  takes: 'ID',
  options: { account, name: { type: 'string', value: 'NAME', summary: 'another name' }, ...limitOptions },
  run: async (terminal, given) => {
    const id = onlyArgument(given, KEY_ID)
    const request = { ...limitsOf(given), ...said({ name: given.text('name') }) }
    const changed = await (await keysOf(terminal, given)).change(id, request, { signal: terminal.signal })
    show(terminal, changed, ({ name, scopes }) => [`${id}  ${name}  ${scopes.join(' ')}`])
    return EXIT.ok
  },
}

const rotate: Command = {
  words: 'keys rotate',
  summary: 'Make a new secret of a key; the former one works for an overlap',
  takes: 'ID',
  options: { account, overlap },
  run: async (terminal, given) => {
    const seconds = given.number('overlap')
    const id = onlyArgument(given, KEY_ID)
    const rotation = seconds === undefined ? {} : { overlap_seconds: seconds }
    const issued = await (await keysOf(terminal, given)).rotate(id, rotation, { signal: terminal.signal })
    show(terminal, issued, ({ key_id, api_key }) => [`${key_id}  ${api_key}  (shown once)`])
    return EXIT.ok
  },
}

const revoke: Command = {
  words: 'keys revoke',
  summary: 'Revoke a key at once, with all its secrets',
  takes: 'ID',
  options: { account },
  run: async (terminal, given) => {
    const id = onlyArgument(given, KEY_ID)
    await (await keysOf(terminal, given)).revoke(id, { signal: terminal.signal })
    show(terminal, { id, revoked: true }, () => [`${id}  revoked`])
    return EXIT.ok
  },
}

export const KEY_COMMANDS: readonly Command[] = [list, issue, change, rotate, revoke]
