/** What `rollover login` keeps: a file of its owner's alone in the user's configuration folder. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const configSchema = z.strictObject({
  url: z.url(),
  api_key: z.string().optional(),
  admin_key: z.string().optional(),
})
export type CliConfig = z.infer<typeof configSchema>

/** Where it is: XDG_CONFIG_HOME, APPDATA on Windows, or ~/.config. ROLLOVER_CONFIG names another file. */
export const configPathOf = (environment: Readonly<Record<string, string | undefined>>, home: string): string =>
  environment['ROLLOVER_CONFIG'] ??
  join(environment['XDG_CONFIG_HOME'] || environment['APPDATA'] || join(home, '.config'), 'rollover', 'config.json')

/** undefined when nobody has logged in. Rejects with a sentence when the file is not what login wrote. */
export const readConfig = async (path: string): Promise<CliConfig | undefined> => {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  try {
    return configSchema.parse(JSON.parse(text))
  } catch {
    throw new Error(`${path} is not what "rollover login" writes; remove it and log in again`)
  }
}

/** Whole or not at all: the former file stays until the new one is written. */
export const writeConfig = async (path: string, config: CliConfig): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const fresh = `${path}.new`
  await writeFile(fresh, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  // The mode above is only for a file that is created.
  await chmod(fresh, 0o600)
  await rename(fresh, path)
}
