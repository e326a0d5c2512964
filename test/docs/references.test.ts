/** What the documents point at is there: files, headings, commands, and everything that is written to be found. */
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { faultsOfCommands } from './commands.ts'
import { ROOT, readDocuments } from './documents.ts'

const documents = await readDocuments()
const byPath = new Map(documents.map((document) => [document.path, document]))

const isThere = (path: string): Promise<boolean> =>
  access(join(ROOT, path)).then(
    () => true,
    () => false,
  )

test('there are documents to check', () => {
  for (const path of ['README.md', 'docs/quickstart.md', 'shared/README.md']) assert.ok(byPath.has(path), path)
})

test('every link leads to a file that is there, and to a heading of it', async () => {
  for (const { path, links } of documents)
    for (const link of links.filter((each) => !/^(https?|mailto):/.test(each))) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : normalize(join(dirname(path), file))
      assert.ok(await isThere(target), `${path} links to ${link}`)
      const document = byPath.get(target)
      if (anchor !== undefined && document !== undefined)
        assert.ok(document.anchors.has(anchor), `${path} links to ${link}: no such heading`)
    }
})

test('every file that a line names is there', async () => {
  for (const { path, codes } of documents)
    for (const code of codes.filter((each) => /^[\w.-]+(\/[\w.-]+)+\.(ts|tsx|md|json|svg|png|py|txt)$/.test(each))) {
      const places = [code, join(dirname(path), code)]
      const found = await Promise.all(places.map(isThere))
      assert.ok(found.includes(true) || /^(out|cdk\.out|reports|\.rollover)\//.test(code), `${path} names ${code}`)
    }
})

test('every command that a line names is one, with its options', async () => {
  for (const { path, codes } of documents)
    for (const code of codes) assert.deepEqual(await faultsOfCommands(code), [], `${path}: ${code}`)
})

test('every document can be reached from the README', () => {
  const reached = new Set<string>()
  const visit = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    for (const link of byPath.get(path)?.links ?? []) {
      const [file = ''] = link.split('#')
      const target = normalize(join(dirname(path), file))
      // A link to a folder is a link to its README.
      for (const each of [target, join(target, 'README.md')]) if (byPath.has(each)) visit(each)
    }
  }
  visit('README.md')
  assert.deepEqual(
    documents.map(({ path }) => path).filter((path) => !reached.has(path)),
    [],
  )
})
