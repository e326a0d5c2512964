/**
 * Every code sample of every document is run, or checked in the way that its info line names:
 *
 *   sh, ts, python             run, all of a document in one shell, against the whole stack
 *   sh long, sh cloud          takes minutes or stays up; needs an AWS account. Its syntax, and that its commands are there
 *   python from FILE           word for word in FILE, which another test runs
 *   json KIND                  is what it claims to be (json-samples.ts)
 *   text                       after a block that is run: its lines begin as those of the block's output do
 *
 * Anything else is a sample that nobody runs, and fails.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { decode } from 'fast-png'
import { openAccount } from '../../cdk/local/api-client.ts'
import { type Stack, startStack } from '../../cdk/local/stack.ts'
import { faultsOfCommands } from './commands.ts'
import { type Document, type Fence, ROOT, readDocuments } from './documents.ts'
import { JSON_SAMPLES } from './json-samples.ts'
import { openWorkspace, RUN_LANGUAGES, runSamples, type Workspace, writeSamples } from './workspace.ts'

const run = promisify(execFile)
const documents = await readDocuments()
const isRun = ({ language, words }: Fence): boolean => RUN_LANGUAGES.includes(language) && words.length === 0
const missing = ['curl', 'python3'].filter((program) => spawnSync(program, ['--version']).error !== undefined)
const withSamples = documents.filter(({ fences }) => fences.some(isRun))

test('every sample is of a kind that is checked', () => {
  const KINDS = [
    ...[/^(sh|ts|python)$/, /^sh (long|cloud)$/, /^python from \S+$/, /^text$/],
    new RegExp(`^json (${Object.keys(JSON_SAMPLES).join('|')})$`),
  ]
  for (const { path, fences } of documents)
    for (const { language, words, line } of fences) {
      const info = [language, ...words].join(' ')
      assert.ok(
        KINDS.some((kind) => kind.test(info)),
        `${path}:${line} is a "${info}" that nobody runs`,
      )
    }
})

test('every JSON sample is what it claims to be', () => {
  for (const { path, fences } of documents)
    for (const { code, line, words } of fences.filter(({ language }) => language === 'json'))
      assert.doesNotThrow(() => JSON_SAMPLES[words[0] ?? '']?.(JSON.parse(code)), `${path}:${line}`)
})

test('every excerpt stands word for word in its file', async () => {
  for (const { path, fences } of documents)
    for (const { code, line, words } of fences.filter(({ words: [first] }) => first === 'from'))
      assert.ok((await readFile(join(ROOT, words[1] ?? ''), 'utf8')).includes(code.trim()), `${path}:${line}`)
})

test('every command that is not run here is a command that there is', async () => {
  for (const { path, fences } of documents)
    for (const { code, line } of fences.filter(({ language }) => language === 'sh')) {
      // A name between angle brackets is for the reader to fill in.
      await assert.doesNotReject(run('bash', ['-nc', code.replace(/<[^<>\n]+>/g, 'it')]), `${path}:${line}`)
      for (const each of code.split('\n')) assert.deepEqual(await faultsOfCommands(each), [], `${path}:${line}`)
    }
})

describe('samples', { skip: missing.length > 0 && `${missing.join(' and ')} not installed` }, () => {
  let stack: Stack
  let dataFolder: string
  let receiver: Server
  let hookUrl: string
  const workspaces: Workspace[] = []
  before(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'rollover-docs-data-'))
    stack = await startStack({ dataFolder, port: 0 })
    receiver = createServer((request, response) => {
      request.resume()
      response.writeHead(204).end()
    })
    await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
    const address = receiver.address()
    hookUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`
  })
  after(async () => {
    for (const workspace of workspaces) await workspace.close()
    receiver.close()
    await stack.stop()
    await rm(dataFolder, { recursive: true, force: true })
  })
  const open = async (): Promise<Workspace> => {
    const { url, adminKey } = stack
    const opened = await openAccount(url, { adminKey, name: 'Reader', creditMicroUsd: 1_000_000 })
    const { api_key: apiKey, webhook_secret: webhookSecret } = opened
    const workspace = await openWorkspace({ url, apiKey, adminKey, webhookSecret, hookUrl, path: PATH })
    workspaces.push(workspace)
    return workspace
  }

  for (const document of withSamples)
    test(`of ${document.path} run as they stand`, async () => {
      const workspace = await open()
      const { outputs, failure } = await runSamples(workspace, document, document.fences.filter(isRun))
      assert.equal(failure, undefined)
      for (const { shown, ran } of shownOutputs(document)) checkShown(document, shown, outputs.get(ran.line) ?? '')
      await checkPictures(workspace)
    })

  test('in TypeScript are typed', async () => {
    const workspace = await open()
    const fences = documents.flatMap((document) => document.fences.filter(isRun).map((fence) => ({ document, fence })))
    const typed = fences.filter(({ fence }) => fence.language === 'ts')
    assert.ok(typed.length > 5)
    const files = new Map<string, string>()
    for (const { document, fence } of typed) {
      const [name = ''] = await writeSamples(workspace, [fence])
      files.set(name, `${document.path}:${fence.line}`)
    }
    const compilerOptions = { incremental: false }
    const config = { extends: './tsconfig.json', compilerOptions, include: ['sample-*.ts'], exclude: [] }
    await writeFile(join(workspace.folder, 'tsconfig.samples.json'), JSON.stringify(config))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const checked = run(process.execPath, [tsc, '-p', 'tsconfig.samples.json'], { cwd: workspace.folder })
    const faults = await checked.then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    )
    assert.equal(faults, '')
  })
})

/** Each `text` block with the block that is run before it. */
const shownOutputs = ({ fences }: Document): { shown: Fence; ran: Fence }[] =>
  fences.flatMap((shown, index) => {
    const ran = fences[index - 1]
    return shown.language === 'text' && ran !== undefined && isRun(ran) ? [{ shown, ran }] : []
  })

/** Numbers and names differ from pack to pack; what a line begins with does not. */
const checkShown = ({ path }: Document, { code, line }: Fence, output: string): void => {
  const starts = (text: string) => new Set(text.split('\n').flatMap((each) => /[\p{L}_-]+/u.exec(each)?.[0] ?? []))
  const real = starts(output)
  for (const start of starts(code))
    assert.ok(real.has(start), `${path}:${line} shows "${start}", and there was\n${output}`)
}

/** What the samples saved is what its name says. */
const checkPictures = async ({ folder }: Workspace): Promise<void> => {
  for (const name of await readdir(join(folder, 'out')))
    if (name.endsWith('.png')) assert.ok(decode(await readFile(join(folder, 'out', name))).width > 0, name)
}

// biome-ignore lint/style/noProcessEnv: where the programs are
const PATH = process.env['PATH'] ?? ''
