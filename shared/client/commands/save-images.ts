/** Saves the images of a generation. */
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import type { Generation } from '../../contract/generation.ts'
import type { Rollover } from '../client.ts'

const EXTENSIONS = {
  'image/png': '.png',
  'image/webp': '.webp',
  'image/jpeg': '.jpg',
  'image/svg+xml': '.svg',
  'application/json': '.json',
} as const satisfies Record<Generation['outputs'][number]['content_type'], string>
const MAX_SLUG = 60

/**
 * Paths of what was written, best first.
 * @param out a file, or a folder (it exists, or the name ends in a slash); here, under a name made of the prompt, unless said.
 */
export const saveImages = async (
  client: Rollover,
  generation: Generation,
  on: { out: string | undefined; signal: AbortSignal },
): Promise<string[]> => {
  const base = await basePath(generation, on.out)
  const files: string[] = []
  for (const [index, { content_type }] of generation.outputs.entries()) {
    const extension = extname(base) || EXTENSIONS[content_type]
    const stem = base.slice(0, base.length - extname(base).length)
    const path = resolve(`${stem}${index === 0 ? '' : `-${index + 1}`}${extension}`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, await client.download(generation, { index, signal: on.signal }))
    files.push(path)
  }
  return files
}

const basePath = async (generation: Generation, out: string | undefined): Promise<string> => {
  const slug = generation.prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, MAX_SLUG)
  const name = `${slug || generation.id}-${generation.seed}`
  if (out === undefined) return name
  const isFolder = /[/\\]$/.test(out) || (await stat(out).catch(() => undefined))?.isDirectory() === true
  return isFolder ? join(out, name) : out
}
