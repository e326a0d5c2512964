/** A folder that looks like a fresh checkout, in which the samples of one document run as a newcomer pastes them. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Document, type Fence, ROOT } from './documents.ts'

export interface Workspace {
  readonly folder: string
  /** Replaced in every sample, word for word: what a reader puts in the place of an example. */
  readonly placeholders: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** What stays the reader's own, or is made anew. */
const NOT_LINKED = new Set(['out', '.rollover', 'cdk.out', '.git', '.venv'])

export const openWorkspace = async (on: {
  url: string
  apiKey: string
  adminKey: string
  webhookSecret: string
  hookUrl: string
  path: string
}): Promise<Workspace> => {
  const folder = await mkdtemp(join(tmpdir(), 'rollover-docs-'))
  for (const name of await readdir(ROOT)) if (!NOT_LINKED.has(name)) await symlink(join(ROOT, name), join(folder, name))
  await mkdir(join(folder, '.rollover'))
  await mkdir(join(folder, 'out'))
  // What npm start keeps there (cdk/local/start.ts).
  const account = { account_id: 'acct_1', api_key: on.apiKey, webhook_secret: on.webhookSecret }
  await writeFile(join(folder, '.rollover/first-account.json'), JSON.stringify(account, null, 1))
  return {
    folder,
    placeholders: {
      'http://127.0.0.1:8787': on.url,
      'https://example.com/hook': on.hookUrl,
      'rk_...': on.apiKey,
    },
    environment: {
      PATH: on.path,
      HOME: folder,
      ROLLOVER_URL: on.url,
      ROLLOVER_API_KEY: on.apiKey,
      ROLLOVER_ADMIN_KEY: on.adminKey,
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** How each language is run, in the one shell of its document: variables of one block are there in the next. */
const COMMANDS: Readonly<Record<string, (file: string) => string>> = {
  sh: (file) => `. ./${file}`,
  ts: (file) => `${process.execPath} ./${file}`,
  python: (file) => `python3 ./${file}`,
}

export const RUN_LANGUAGES = Object.keys(COMMANDS)

const fileOf = ({ language, name }: Fence): string => `sample-${name}.${language === 'python' ? 'py' : language}`

export interface Ran {
  /** Stdout of each block, by its line. */
  readonly outputs: ReadonlyMap<number, string>
  /** undefined when all went well; otherwise the block that failed, and what it said. */
  readonly failure: string | undefined
}

/** Writes the samples into the folder, and returns their names. */
export const writeSamples = async (workspace: Workspace, fences: readonly Fence[]): Promise<readonly string[]> => {
  for (const fence of fences) {
    const code = Object.entries(workspace.placeholders).reduce(
      (text, [example, real]) => text.replaceAll(example, real),
      fence.code,
    )
    await writeFile(join(workspace.folder, fileOf(fence)), code)
  }
  return fences.map(fileOf)
}

/** Runs blocks of a document in their order, in one shell, which ends at the first that fails. */
export const runSamples = async (workspace: Workspace, document: Document, fences: readonly Fence[]): Promise<Ran> => {
  await writeSamples(workspace, fences)
  const script = fences.map((fence) => {
    const mark = `echo; echo '@@ ${fence.line}'`
    return `${mark}\n${mark} >&2\n${COMMANDS[fence.language]?.(fileOf(fence))}`
  })
  const { code, stdout, stderr } = await shell(script.join('\n'), workspace)
  const outputs = new Map(partsOf(stdout))
  if (code === 0) return { outputs, failure: undefined }
  const [line = 0, said = ''] = partsOf(stderr).at(-1) ?? []
  return { outputs, failure: `${document.path}:${line} ended with ${code}\n${said}\n${outputs.get(line) ?? ''}` }
}

const partsOf = (text: string): [number, string][] =>
  text
    .split(/^@@ (?=\d+$)/m)
    .slice(1)
    .map((part) => [Number.parseInt(part, 10), part.slice(part.indexOf('\n') + 1).trim()])

const shell = (script: string, { folder, environment }: Workspace) =>
  new Promise<{ code: number | string; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: folder, env: environment, timeout: 600_000, maxBuffer: 16 * 1024 * 1024 }
    execFile('bash', ['-euo', 'pipefail', '-c', script], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? 'a signal'), stdout, stderr }),
    )
  })
