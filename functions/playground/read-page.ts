/** The page as a folder: written when a function is bundled, read when it starts. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PageFiles } from './build.ts'

/** @param folder path of a folder that writePage made. */
export const readPage = async (folder: string): Promise<PageFiles> => {
  const read = (name: keyof PageFiles) => readFile(join(folder, name), 'utf8')
  const [page, script, style] = await Promise.all([read('index.html'), read('app.js'), read('app.css')])
  return { 'index.html': page, 'app.js': script, 'app.css': style }
}

export const writePage = async (folder: string, files: PageFiles): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
