/** The local stack's secrets: made once, kept in the data folder, readable by its owner only. */
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { formatApiKey } from '../../shared/domain/api-key.ts'

const secretsSchema = z.strictObject({
  keyPepper: z.string(),
  adminKey: z.string(),
  awsAccessKeyId: z.string(),
  awsSecretAccessKey: z.string(),
})

/** In the data folder of every stack that has run. */
export const SECRETS_FILE = 'secrets.json'

export type Secrets = z.infer<typeof secretsSchema>

export const loadSecrets = async (dataFolder: string): Promise<Secrets> => {
  await mkdir(dataFolder, { recursive: true })
  const path = join(dataFolder, SECRETS_FILE)
  const kept = await readIfThere(path)
  if (kept !== undefined) return secretsSchema.parse(JSON.parse(kept))
  const secrets: Secrets = {
    keyPepper: randomBytes(32).toString('hex'),
    adminKey: formatApiKey('rka', randomBytes(64)),
    awsAccessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
    awsSecretAccessKey: randomBytes(20).toString('hex'),
  }
  await writeOnce(path, JSON.stringify(secrets, null, 1))
  return secrets
}

/** A file's text, or undefined when there is none. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a private file to the disk: whole, whoever reads it or dies meanwhile. Rejects when it is already there. */
export const writeOnce = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${randomUUID()}`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
    // Unlike a rename it replaces nothing.
    await link(draft, path)
  } finally {
    await file.close()
    await rm(draft)
  }
}
