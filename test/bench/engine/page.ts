/** docs/results/performance.md: what is measured stands between marks that a run fills anew; the words around them are written by hand. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'

/** One page for each provider: a GPU's tables are no successors of a CPU's. */
const nameOf = (provider: Provider): string => (provider === 'cpu' ? 'performance' : `performance-${provider}`)
const pathOf = (file: string): string => fileURLToPath(new URL(`../../../docs/results/${file}`, import.meta.url))
const begin = (name: string): string => `<!-- measured: ${name} -->`
const END = '<!-- end -->'

/**
 * Puts each text between the marks of its name, and at the end of the page where it has none. Returns the page's path.
 * @throws Error when a mark has no end.
 */
export async function writePage(provider: Provider, blocks: Readonly<Record<string, string>>): Promise<string> {
  const file = pathOf(`${nameOf(provider)}.md`)
  const before = await readFile(file, 'utf8').catch(() => `# The engine's performance, ${provider}\n`)
  await writeFile(file, fillBlocks(before, blocks))
  return file
}

export function fillBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const filled = `${begin(name)}\n${block}\n\n${END}`
    const from = text.indexOf(begin(name))
    if (from < 0) return `${text.trimEnd()}\n\n${filled}\n`
    const to = text.indexOf(END, from)
    if (to < 0) throw new Error(`the page has no ${END} after ${begin(name)}`)
    return text.slice(0, from) + filled + text.slice(to + END.length)
  }, page)
}

/** The file of a drawing beside the page. */
export const plotFile = (provider: Provider, plot: string): string => `${nameOf(provider)}-${plot}.svg`

export const writePlot = (file: string, svg: string): Promise<void> => writeFile(pathOf(file), svg)
