/**
 * `npm run check:api [-- options of schemathesis run]`: starts the whole stack, and lets Schemathesis (PyPI, MIT) try to find
 * an answer that the document does not promise, or a wrong request that is taken. Needs `schemathesis` on the PATH, or its
 * path in SCHEMATHESIS: `python3 -m venv .venv && .venv/bin/pip install schemathesis==4.32.5`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Rollover, rolloverAdmin } from 'rollover'
import { startStack } from '../../cdk/local/stack.ts'

const FOLDER = fileURLToPath(new URL('./schemathesis/', import.meta.url))
const CREDIT_MICRO_USD = 1_000_000_000

// biome-ignore lint/style/noProcessEnv: where the programs are
const environment = process.env
const data = await mkdtemp(join(tmpdir(), 'rollover-check-api-'))
const stack = await startStack({ dataFolder: data, port: 0 })
try {
  const admin = rolloverAdmin({ apiKey: stack.adminKey, baseUrl: stack.url })
  const opened = await admin.accounts.create({ name: 'Checked', credit_micro_usd: CREDIT_MICRO_USD })
  // A search that has ended, and a link to it: nothing that the document links to makes them.
  const client = new Rollover({ apiKey: opened.api_key, baseUrl: stack.url })
  const { id } = await client.create({ prompt: 'two bears', nfe_budget: 4 })
  await client.wait(id)
  const { token } = await client.share({ generations: [id] })
  const config = join(FOLDER, 'schemathesis.toml')
  const args = ['--config-file', config, 'run', `${stack.url}/openapi.json`, '--no-color', ...process.argv.slice(2)]
  const child = spawn(environment['SCHEMATHESIS'] ?? 'schemathesis', args, {
    cwd: data,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...environment,
      PYTHONPATH: [FOLDER, environment['PYTHONPATH']].filter(Boolean).join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      ROLLOVER_API_KEY: opened.api_key,
      ROLLOVER_KEY_ID: opened.key_id,
      ROLLOVER_GENERATION_ID: id,
      ROLLOVER_SHARE_TOKEN: token,
      ROLLOVER_ADMIN_KEY: stack.adminKey,
    },
  })
  const [code, signal] = await once(child, 'exit')
  if (signal !== null) console.error(`ended by ${signal}`)
  process.exitCode = code ?? 1
} finally {
  await stack.stop()
  await rm(data, { recursive: true, force: true })
}
