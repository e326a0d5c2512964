/** The packs that ship, as valid input. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { PackCard } from '../../functions/api/context.ts'
import { readPacks } from '../../functions/api/packs/read-packs.ts'
import { createTokenizer, type PackTokenizer, roomiestTokenizer } from '../../shared/domain/tokenizer.ts'

const PACKS = fileURLToPath(new URL('../../gpu-runner/packs/', import.meta.url))

export const PACK_CARDS: ReadonlyMap<string, PackCard> = await readPacks(PACKS)

const card = PACK_CARDS.get('emoji-world')
if (card === undefined) throw new Error('emoji-world is gone')

export const { manifest } = card

const paths = PACK_CARDS.get('trajectories')?.manifest
if (paths?.prompt_form === undefined) throw new Error('trajectories is gone')
export const pathManifest = paths
export const pathForm = paths.prompt_form

export const tokens = roomiestTokenizer(manifest)
export const tokenizerJson: object = JSON.parse(await readFile(`${PACKS}emoji-world/${tokens.file}`, 'utf8'))
export const tokenizer: PackTokenizer = createTokenizer(tokenizerJson)
