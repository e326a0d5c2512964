/** Whether a pack can be served: every digest, every tensor of every graph, and one run of each with finite numbers. */
import { openGraphs } from '../pack/graphs.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import { readPack } from '../pack/read-pack.ts'
import type { GraphOptions } from '../pack/session.ts'
import { warmUp } from '../pack/warm-up.ts'
import { sizeText } from './progress.ts'

/** What was found good, a line each. Rejects with PackError at the first thing that is not. */
export const verifyPack = async (folder: string, options: GraphOptions): Promise<string[]> => {
  const pack = await readPack(folder)
  const { manifest } = pack
  const files = Object.entries(manifest.files)
  for (const [file] of files) await pack.check(file)
  const bytes = files.reduce((sum, [, listed]) => sum + listed.bytes, 0)
  const graphs = await openGraphs(pack, options)
  await warmUp(graphs, { manifest, tokenizers: await openTokenizers(pack), batches: [1, 3] })
  return [
    `${manifest.name} ${manifest.version}: ${files.length} files, ${sizeText(bytes)}, every sha256 as listed`,
    'every graph has the tensors of the contract',
    'encoded, predicted, decoded and scored a batch of 1 and one of 3',
  ]
}
