/** The rules of the folders, checked on the files themselves: import directions, sizes, and where clocks and chance may be read. */
import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAX_LINES = 400
/** Composition roots: the only places that may read the environment, the clock and chance. */
/** The last only sets what native code reads. */
const ROOTS = [/^cdk\//, /^test\//, /\/lambda\.ts$/, /\/main\.ts$/, /\/cli\.ts$/, /\/without-telemetry\.ts$/]

/** Folder -> folders it may import from, beside itself and packages. */
const MAY_IMPORT: Readonly<Record<string, readonly RegExp[]>> = {
  'shared/': [],
  'functions/': [/^shared\//],
  'gpu-runner/flow/': [],
  'gpu-runner/search/': [/^gpu-runner\/flow\//],
  'gpu-runner/': [/^shared\//, /^gpu-runner\//],
  'cdk/local/': [/^shared\//, /^functions\//, /^cdk\/local\//],
}

interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

const readSources = async (): Promise<Source[]> => {
  const sources: Source[] = []
  for await (const path of glob('{shared,functions,gpu-runner,cdk,test}/**/*.ts', { cwd: ROOT })) {
    const text = await readFile(join(ROOT, path), 'utf8')
    const imports = [...text.matchAll(/(?:from|import\() ?'([^'\n]+)'/g)].map(([, name]) => name ?? '')
    sources.push({ path, text, imports })
  }
  return sources
}

const sources = await readSources()
const code = sources.filter(({ path }) => !path.startsWith('test/'))

test('there are sources to check', () => {
  assert.ok(code.length > 50)
})

test('imports go one way between folders', () => {
  for (const { path, imports } of code) {
    const folder = Object.keys(MAY_IMPORT).find((name) => path.startsWith(name))
    if (folder === undefined) continue
    for (const name of imports.filter((each) => each.startsWith('.'))) {
      const target = normalize(join(dirname(path), name))
      const allowed = target.startsWith(folder) || MAY_IMPORT[folder]?.some((pattern) => pattern.test(target))
      assert.ok(allowed, `${path} imports ${target}`)
    }
  }
})

test('flow and search import no package and nothing of Node', () => {
  for (const { path, imports } of code.filter(({ path: each }) => /^gpu-runner\/(flow|search)\//.test(each)))
    for (const name of imports) assert.ok(name.startsWith('.'), `${path} imports ${name}`)
})

test('onnxruntime and sharp are imported in one file each, the AWS clients are made in one file', () => {
  const importing = (pattern: RegExp) => code.filter(({ text }) => pattern.test(text)).map(({ path }) => path)
  assert.deepEqual(importing(/from 'onnxruntime-node'/), ['gpu-runner/pack/session.ts'])
  assert.deepEqual(importing(/from 'sharp'/), ['gpu-runner/image/encode-image.ts'])
  assert.deepEqual(importing(/new S3Client\(/), ['shared/aws/clients.ts'])
})

test('clock, chance and environment are read in composition roots only', () => {
  for (const { path, text } of code.filter(({ path: each }) => !ROOTS.some((root) => root.test(each))))
    for (const forbidden of ['Date.now', 'Math.random', 'process.env', 'new Date()'])
      assert.ok(!text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').includes(forbidden), `${path} reads ${forbidden}`)
})

test('no code knows a model by name', () => {
  for (const { path, text } of code)
    assert.doesNotMatch(
      text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
      /\b(flux|sd3|sdxl|sana|auraflow|lumina|stable.?diffusion|pickscore|siglip)\b/i,
      path,
    )
})

test(`no file is longer than ${MAX_LINES} lines`, () => {
  for (const { path, text } of sources) assert.ok(text.split('\n').length <= MAX_LINES + 1, path)
})

test('no file names a place outside the repository', () => {
  for (const { path, text } of code) assert.ok(!/\/(work|root|home)\/[a-z]/.test(text), path)
})
