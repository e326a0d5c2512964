/** rollover login: checks a key and keeps it, with where the API is. */
import { Rollover } from '../client.ts'
import { type Command, EXIT, show, type Terminal } from './command.ts'
import { readConfig, writeConfig } from './config-file.ts'

const DEFAULT_URL = 'http://127.0.0.1:8787'

export const login: Command = {
  words: 'login',
  summary: 'Check an API key and keep it',
  options: {
    url: { type: 'string', value: 'URL', summary: `where the API is (${DEFAULT_URL} unless said)` },
    key: {
      type: 'string',
      value: 'KEY',
      summary: 'the key; asked for when left out, so that it stays out of the history',
    },
    'admin-key': { type: 'string', value: 'KEY', summary: 'keep the administration key too' },
  },
  run: async (terminal, given) => {
    const kept = await readConfig(terminal.configPath)
    const url = (given.text('url') ?? terminal.environment['ROLLOVER_URL'] ?? kept?.url ?? DEFAULT_URL).replace(
      /\/+$/,
      '',
    )
    const key = given.text('key') ?? (await keyFrom(terminal))
    const account = await new Rollover({ apiKey: key, baseUrl: url }).account({ signal: terminal.signal })
    const adminKey = given.text('admin-key') ?? (kept?.url === url ? kept.admin_key : undefined)
    await writeConfig(terminal.configPath, {
      url,
      api_key: key,
      ...(adminKey !== undefined && { admin_key: adminKey }),
    })
    show(terminal, { url, account_id: account.id, name: account.name, config: terminal.configPath }, (done) => [
      `Logged in to ${done.url} as ${done.name} (${done.account_id}). The key is kept in ${done.config}.`,
    ])
    return EXIT.ok
  },
}

const keyFrom = async ({ environment, ask }: Terminal): Promise<string> =>
  environment['ROLLOVER_API_KEY'] ?? (await ask('API key: ')).trim()
