/** The Markdown files of the repository, read: their fences, links, headings and the code in their lines. */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import GithubSlugger from 'github-slugger'
import { lexer, type Token, walkTokens } from 'marked'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A fenced block. Its info line is a language and words that say how it is checked (sample-kinds.ts). */
export interface Fence {
  readonly line: number
  /** Unlike that of any other block of any document: what a file of it is called. */
  readonly name: string
  readonly language: string
  readonly words: readonly string[]
  readonly code: string
}

export interface Document {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  readonly fences: readonly Fence[]
  /** Targets of links and images, as written. */
  readonly links: readonly string[]
  /** What `#...` may name: GitHub's slugs of the headings. */
  readonly anchors: ReadonlySet<string>
  /** What stands between backticks in a line. */
  readonly codes: readonly string[]
}

export const readDocuments = async (): Promise<readonly Document[]> => {
  const paths: string[] = []
  const exclude = (path: string) => /(^|\/)(node_modules|\.venv|out|cdk\.out)$/.test(path)
  for await (const path of glob(['*.md', '{docs,shared,functions,gpu-runner,cdk,test}/**/*.md'], {
    cwd: ROOT,
    exclude,
  }))
    paths.push(path)
  return Promise.all(paths.sort().map(async (path) => readDocument(path, await readFile(join(ROOT, path), 'utf8'))))
}

export const readDocument = (path: string, text: string): Document => {
  const tokens = lexer(text)
  const found: Token[] = []
  void walkTokens(tokens, (token) => {
    found.push(token)
  })
  const slugger = new GithubSlugger()
  return {
    path,
    text,
    fences: fencesOf(path, text, found),
    links: found.flatMap((token) => (token.type === 'link' || token.type === 'image' ? [String(token.href)] : [])),
    anchors: new Set(found.flatMap((token) => (token.type === 'heading' ? [slugger.slug(plain(token.text))] : []))),
    codes: found.flatMap((token) => (token.type === 'codespan' ? [String(token.text)] : [])),
  }
}

/** The tokens know no lines; they come in the order of the text. */
const fencesOf = (path: string, text: string, tokens: readonly Token[]): Fence[] => {
  let from = 0
  return tokens.flatMap((token) => {
    if (token.type !== 'code' || token.codeBlockStyle === 'indented') return []
    const [language = '', ...words] = (token.lang ?? '').trim().split(/\s+/)
    // A fence within a list is indented in the text and not in its token: its info line is looked for.
    from = text.indexOf(`\`\`\`${token.lang ?? ''}`, from) + 3
    const line = text.slice(0, from).split('\n').length
    from = text.indexOf('```', from) + 3
    const name = `${path.replace(/\.md$/, '').replaceAll('/', '-').toLowerCase()}-${line}`
    return [{ line, name, language, words, code: `${token.text}\n` }]
  })
}

/** A heading as it is shown. */
const plain = (heading: string): string => heading.replace(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1')
