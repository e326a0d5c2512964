/** A function as the cloud gets it: bundled and minified as cdk/constructs/bundled-function.ts does. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { buildPage } from '../../../functions/playground/build.ts'
import { writePage } from '../../../functions/playground/read-page.ts'

export interface Bundle {
  readonly file: string
  readonly bytes: number
  readonly gzipBytes: number
}

/** @param readable names instead of letters in a profile; the code is the same. */
export async function bundleFunction(
  name: string,
  { folder, readable }: { folder: string; readable: boolean },
): Promise<Bundle> {
  const file = join(folder, name, 'index.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL(`../../../functions/${name}/lambda.ts`, import.meta.url))],
    outfile: file,
    bundle: true,
    minify: !readable,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: {
      js: "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);",
    },
    logLevel: 'warning',
  })
  if (name === 'api') await writePage(join(folder, name, 'page'), await buildPage())
  const text = await readFile(file)
  return { file, bytes: text.length, gzipBytes: gzipSync(text).length }
}
