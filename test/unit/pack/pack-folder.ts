/** Pack folders for tests: the pack that ships, with whatever a test wants different. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const EMOJI_WORLD = fileURLToPath(new URL('../../../gpu-runner/packs/emoji-world', import.meta.url))

export type ManifestJson = Record<string, unknown> & {
  files: Record<string, { sha256: string; bytes: number }>
  graphs: Record<string, string>
  rewards: { count: Record<string, unknown> }
}

export interface Changes {
  /** Files to put in place of the pack's own, or beside them. Their sha256 and size stay as the manifest has them. */
  readonly files?: Record<string, Uint8Array>
  /** Changes the manifest in place. */
  readonly manifest?: (manifest: ManifestJson) => void
}

/** A pack folder like the one that ships, but for the changes; removed after the test. */
export async function changedPack(test: TestContext, { files = {}, manifest: change }: Changes): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pack-'))
  test.after(() => rm(folder, { recursive: true }))
  const manifest: ManifestJson = JSON.parse(await readFile(join(EMOJI_WORLD, 'pack.json'), 'utf8'))
  for (const file of Object.keys(manifest.files))
    if (!Object.hasOwn(files, file)) await symlink(join(EMOJI_WORLD, file), join(folder, file))
  for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes)
  change?.(manifest)
  await writeFile(join(folder, 'pack.json'), JSON.stringify(manifest))
  return folder
}

/** The pack's counting reward as a judge would be listed. */
export const graphOf = ({ rewards }: ManifestJson): Record<string, unknown> => {
  const { profile: _, gradient: __, units: ___, offered: ____, ...graph } = rewards.count
  return graph
}

export const packFile = (file: string): Promise<Uint8Array> => readFile(join(EMOJI_WORLD, file))

export const listing = (bytes: Uint8Array) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.byteLength,
})
