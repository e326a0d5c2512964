/** Every sample of the document, pasted as it stands and run: by curl, by Node, by Python. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { rolloverAdmin } from 'rollover'
import { EXAMPLE_GENERATION } from '../../functions/api/document/examples.ts'
import { createRunner } from '../api/work.ts'
import { type ServedEdge, serveEdge } from './served-edge.ts'

const run = promisify(execFile)
/** Inside the package: that is where `import ... from 'rollover'` is found. */
const HERE = fileURLToPath(new URL('./', import.meta.url))
const REQUEST = { prompt: 'two bears', nfe_budget: 8, search: 'best-of-n' } as const

interface Operation {
  readonly operationId: string
  readonly 'x-codeSamples': readonly { readonly label: string; readonly source: string }[]
}

const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`

describe('the samples of the document', () => {
  let served: ServedEdge
  let folder: string
  let operations: readonly Operation[]
  let ended: string
  before(async () => {
    served = await serveEdge()
    folder = await mkdtemp(join(HERE, 'samples-'))
    const document = (await (await fetch(`${served.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, Operation>>
    }
    operations = Object.values(document.paths).flatMap((item) => Object.values(item))
    ended = (await served.direct.create({ ...REQUEST, nfe_budget: 40 })).id
    await createRunner(served.edge).work({ accountId: served.account.id, generationId: ended })
  })
  after(async () => {
    await served.close()
    await rm(folder, { recursive: true, force: true })
  })

  const canceled = async () => {
    const { id } = await served.direct.create(REQUEST)
    await served.direct.cancel(id)
    return id
  }
  /** A delivery that arrived nowhere. */
  const delivered = async (): Promise<string> => {
    const { id } = await served.direct.webhookEndpoints.create({ url: 'http://127.0.0.1:9/' })
    return (await served.direct.webhookEndpoints.test(id)).id
  }
  /** What the sample reads: ids of things that are as the operation needs them. */
  const environmentFor = async ({ operationId }: Operation, source: string): Promise<Record<string, string>> => {
    const { direct, edge, account } = served
    const admin = operationId.includes('Admin')
    const generation = async () => {
      if (operationId === 'cancelGeneration') return (await direct.create(REQUEST)).id
      return operationId === 'deleteGeneration' ? canceled() : ended
    }
    const keys = admin ? rolloverAdmin({ apiKey: edge.adminKey, baseUrl: served.url }).keys(account.id) : direct.keys
    const makes: Record<string, () => string | Promise<string>> = {
      ROLLOVER_URL: () => served.url,
      ROLLOVER_API_KEY: () => account.apiKey,
      ROLLOVER_ADMIN_KEY: () => edge.adminKey,
      GENERATION_ID: generation,
      BATCH_ID: async () => (await direct.batches.create([REQUEST])).id,
      ACCOUNT_ID: () => account.id,
      KEY_ID: async () => (await keys.issue({ name: 'sample' })).key_id,
      WEBHOOK_ENDPOINT_ID: async () => (await direct.webhookEndpoints.create({ url: 'http://127.0.0.1:9/' })).id,
      WEBHOOK_DELIVERY_ID: delivered,
      TOKEN: async () => (await direct.share({ generations: [ended] })).token,
      MONTH: () => new Date().toISOString().slice(0, 7),
    }
    const named = Object.entries(makes).filter(([name]) => source.includes(name))
    return Object.fromEntries(await Promise.all(named.map(async ([name, make]) => [name, await make()])))
  }
  /** Endpoints are at most twenty. */
  const clear = async () => {
    for (const { id } of (await served.direct.webhookEndpoints.list()).data)
      await served.direct.webhookEndpoints.delete(id)
  }
  /** What is right for an account of today: its month is still open, and a first attempt still to come. */
  const REFUSED: Readonly<Record<string, RegExp>> = {
    getAccountInvoice: /month_open|409|not closed/,
    getAdminAccountInvoice: /month_open|409|not closed/,
    replayWebhookDelivery: /delivery_in_progress|409|under way|being/,
  }

  const runs =
    (label: string, execute: (source: string, environment: Record<string, string>) => Promise<unknown>) => async () => {
      for (const operation of operations) {
        const sample = operation['x-codeSamples'].find((each) => each.label === label)?.source
        const source = sample?.replaceAll(EXAMPLE_GENERATION, ended)
        assert.ok(source, `${operation.operationId} has no sample by ${label}`)
        const environment = await environmentFor(operation, source)
        const refused = REFUSED[operation.operationId]
        const failure = await execute(source, environment).then(
          () => undefined,
          (error: unknown) => error,
        )
        const said = failure instanceof Error ? `${failure.message} ${(failure as { stdout?: string }).stdout}` : ''
        if (refused === undefined) assert.equal(failure, undefined, `${operation.operationId}: ${said}\n${source}`)
        else if (failure !== undefined) assert.match(said, refused)
        if (operation.operationId.includes('Webhook')) await clear()
      }
    }

  test('there are samples for every operation', () => {
    assert.ok(operations.length > 50)
    for (const { operationId, 'x-codeSamples': samples } of operations) assert.equal(samples.length, 3, operationId)
  })

  test('run by curl', { skip: missing('curl') }, async () =>
    runs('curl', (source, environment) =>
      run('bash', ['-c', source], { cwd: folder, env: { PATH, ...environment } }),
    )(),
  )

  test('run by Python', { skip: missing('python3') }, async () =>
    runs('Python', (source, environment) =>
      run('python3', ['-c', source], { cwd: folder, env: { PATH, ...environment } }),
    )(),
  )

  test('run by Node', async (context) => {
    context.mock.method(console, 'log', () => {})
    let count = 0
    await runs('TypeScript', async (source, environment) => {
      // In this process: a new one for each would take a minute.
      // biome-ignore lint/style/noProcessEnv: the samples read it
      Object.assign(process.env, environment)
      const file = join(folder, `sample-${count++}.ts`)
      await writeFile(file, source)
      await import(pathToFileURL(file).href)
    })()
  })
})

// biome-ignore lint/style/noProcessEnv: where the programs are
const PATH = process.env['PATH'] ?? ''
