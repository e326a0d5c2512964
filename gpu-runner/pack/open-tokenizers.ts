/** The tokenizers of a pack, those of its rewards too. */
import { createTokenizer, type PackTokenizer } from '../../shared/domain/tokenizer.ts'
import { type Pack, PackError } from './read-pack.ts'

/** By file. Rejects with PackError on a file that is another than listed, or no tokenizer. */
export async function openTokenizers(pack: Pack): Promise<ReadonlyMap<string, PackTokenizer>> {
  const { tokenizers, rewards } = pack.manifest
  const ofRewards = Object.values(rewards).flatMap((graph) => (graph.takes === 'prompt' ? graph.tokenizer : []))
  const files = new Set([...Object.values(tokenizers), ...ofRewards].map(({ file }) => file))
  const opened = new Map<string, PackTokenizer>()
  for (const file of files) opened.set(file, await openTokenizer(pack, file))
  return opened
}

async function openTokenizer(pack: Pack, file: string): Promise<PackTokenizer> {
  const bytes = await pack.read(file)
  try {
    return createTokenizer(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new PackError(`${file} is not a tokenizer in the format of Hugging Face.`, { cause })
  }
}
