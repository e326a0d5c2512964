/**
 * `npm start -- [--port N] [--data DIR] [--content-policy FILE] [--pack DIR] [--json]`: the whole service on this machine until SIGTERM or
 * Ctrl-C, with its data in a folder that survives a restart.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { openAccount } from './api-client.ts'
import { readIfThere, writeOnce } from './secrets.ts'
import { type Stack, startStack } from './stack.ts'

const CREDIT_MICRO_USD = 10_000_000

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    data: { type: 'string', default: '.rollover' },
    'content-policy': { type: 'string' },
    pack: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const firstAccountSchema = z.strictObject({ account_id: z.string(), api_key: z.string(), webhook_secret: z.string() })

/** The key that a newcomer uses: made at the first start, the same at every later one. */
const firstAccount = async (stack: Stack, dataFolder: string): Promise<z.infer<typeof firstAccountSchema>> => {
  const path = join(dataFolder, 'first-account.json')
  const kept = await readIfThere(path)
  if (kept !== undefined) return firstAccountSchema.parse(JSON.parse(kept))
  const opened = await openAccount(stack.url, {
    adminKey: stack.adminKey,
    name: 'First',
    creditMicroUsd: CREDIT_MICRO_USD,
  })
  const { api_key, webhook_secret } = opened
  const first = { account_id: opened.account.id, api_key, webhook_secret }
  await writeOnce(path, JSON.stringify(first, null, 1))
  return first
}

const explain = (
  url: string,
  first: z.infer<typeof firstAccountSchema>,
  adminKey: string,
): string => `Rollover runs at ${url}

  Playground      ${url}/#key=${first.api_key}

  API key         ${first.api_key}
  webhook secret  ${first.webhook_secret}
  admin key       ${adminKey}

Ask for an image (the answer names its id):

  curl -s ${url}/v1/generations -H 'authorization: Bearer ${first.api_key}' -H 'content-type: application/json' -d '{"prompt": "seven balloons, four bears, and four swans", "nfe_budget": 200}'

and look how it stands, with a link to the image once it is done:

  curl -s ${url}/v1/generations/<id> -H 'authorization: Bearer ${first.api_key}'

The API is described at ${url}/openapi.json. Ctrl-C stops everything; the data stays in ${resolve(values.data)}.
`

const readPort = (): number => {
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`--port takes a number from 0 to 65535, not ${values.port}`)
  return port
}

let stack: Stack | undefined
try {
  const dataFolder = resolve(values.data)
  const stopped = new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
  const policy = values['content-policy']
  const contentPolicy = policy === undefined ? {} : { contentPolicy: await readFile(policy, 'utf8') }
  const pack = values.pack === undefined ? {} : { pack: values.pack }
  const calibrationFolder = join(dataFolder, 'calibration')
  if (!existsSync(calibrationFolder))
    console.error('Once, some seconds: measuring with which threads the packs run best on this machine.')
  const starting = startStack({ dataFolder, port: readPort(), calibrationFolder, ...contentPolicy, ...pack })
  // Ctrl-C while starting: the stack is stopped as soon as it stands.
  stack = await starting
  const first = await firstAccount(stack, dataFolder)
  const { url, adminKey } = stack
  if (values.json) console.log(JSON.stringify({ url, api_key: first.api_key, admin_key: adminKey }))
  else console.log(explain(url, first, adminKey))
  await stopped
} catch (error) {
  console.error(`Rollover did not start: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  await stack?.stop()
}
