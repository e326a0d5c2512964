/**
 * A pack from S3 to a folder of this machine. Files that are there with the right content stay, so a second task on the
 * machine, or a second start, costs a read of the disk. The manifest comes last: a folder with one is whole.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { type PackManifest, packManifestSchema } from '../../shared/contract/pack.ts'

export interface PullPack {
  readonly s3: S3Client
  /** s3://bucket/prefix, in which the files of the pack lie by their names. */
  readonly source: string
  readonly folder: string
}

export interface Pulled {
  readonly files: number
  readonly bytes: number
}

/** @returns what was fetched, the manifest not counted. Rejects when a file of the pack is missing or is another. */
export const pullPack = async ({ s3, source, folder }: PullPack): Promise<Pulled> => {
  const [, Bucket, prefix] = /^s3:\/\/([^/]+)\/(.+?)\/?$/.exec(source) ?? []
  const open = async (name: string): Promise<Readable> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: `${prefix}/${name}` }))
    if (!(Body instanceof Readable)) throw new Error(`${source}/${name} has no content`)
    return Body
  }
  const text = await textOf(await open('pack.json'))
  const manifest = packManifestSchema.parse(JSON.parse(text))
  await mkdir(folder, { recursive: true })
  // Two tasks of one machine may pull at once: each into a folder of its own, and the last rename wins with the same bytes.
  // Their process ids would be the same, for each has a container of its own.
  const parts = await mkdtemp(join(folder, '.pulling-'))
  try {
    return await pullFiles({ open, text, manifest, folder, parts, source })
  } finally {
    await rm(parts, { recursive: true, force: true })
  }
}

const pullFiles = async (on: {
  open: (name: string) => Promise<Readable>
  text: string
  manifest: PackManifest
  folder: string
  parts: string
  source: string
}): Promise<Pulled> => {
  const { open, manifest, folder, parts, source } = on
  let files = 0
  let bytes = 0
  for (const [name, { sha256, bytes: size }] of Object.entries(manifest.files)) {
    const path = join(folder, name)
    if ((await sha256Of(path)) === sha256) continue
    const part = join(parts, name)
    await pipeline(await open(name), createWriteStream(part))
    const found = await sha256Of(part)
    if (found !== sha256) throw new Error(`${source}/${name} has sha256 ${found}, pack.json says ${sha256}`)
    await rename(part, path)
    files++
    bytes += size
  }
  const part = join(parts, 'pack.json')
  await writeFile(part, on.text)
  await rename(part, join(folder, 'pack.json'))
  return { files, bytes }
}

const textOf = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** The digest of a file; undefined when there is none. */
const sha256Of = async (path: string): Promise<string | undefined> => {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return hash.digest('hex')
}
