/** The packs this edge offers: each folder's manifest and tokenizer. The graphs stay with the runners. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packManifestSchema } from '../../../shared/contract/pack.ts'
import { createTokenizer, roomiestTokenizer } from '../../../shared/domain/tokenizer.ts'
import type { PackCard } from '../context.ts'

/** @param folder holds one folder a pack. Rejects when a manifest or tokenizer cannot be read. */
export const readPacks = async (folder: string): Promise<ReadonlyMap<string, PackCard>> => {
  const entries = await readdir(folder, { withFileTypes: true })
  const cards = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => readCard(join(folder, name))),
  )
  // A folder is read in no order; clients that take the first should not depend on it.
  const sorted = cards.toSorted((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1))
  return new Map(sorted.map((card) => [card.manifest.name, card]))
}

const readCard = async (folder: string): Promise<PackCard> => {
  const manifest = packManifestSchema.parse(await readJson(join(folder, 'pack.json')))
  return { manifest, tokenizer: createTokenizer(await readJson(join(folder, roomiestTokenizer(manifest).file))) }
}

const readJson = async (file: string): Promise<object> => JSON.parse(await readFile(file, 'utf8'))
