/** How much memory a process takes that serves a pack. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MEMORY_BESIDE_BYTES, MEMORY_FACTOR } from '../pack/check-memory.ts'
import { openGraphs } from '../pack/graphs.ts'
import { readOnnxFile } from '../pack/onnx-file.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import { readPack } from '../pack/read-pack.ts'
import type { GraphOptions } from '../pack/session.ts'
import { warmUp } from '../pack/warm-up.ts'
import { sizeText } from './progress.ts'

/**
 * A line with the resident memory of this process, its peak, and the bound. Opens the pack and runs each graph once, so it is
 * to be measured in a process of its own.
 */
export const measureMemory = async (folder: string, options: GraphOptions): Promise<string> => {
  const pack = await readPack(folder)
  const { manifest } = pack
  const graphs = await openGraphs(pack, options)
  await warmUp(graphs, { manifest, tokenizers: await openTokenizers(pack), batches: [1] })
  const judged = new Set(Object.values(manifest.judges ?? {}).map(({ file }) => file))
  const opened = Object.keys(manifest.files).filter((file) => file.endsWith('.onnx') && !judged.has(file))
  const { rss } = process.memoryUsage()
  const peak = process.resourceUsage().maxRSS * 1024
  const tensors = await tensorBytes(folder, opened)
  const bound = MEMORY_FACTOR * tensors + MEMORY_BESIDE_BYTES
  const verdict = rss <= bound ? 'within' : 'ABOVE'
  return `resident ${sizeText(rss)} (peak ${sizeText(peak)}), tensors ${sizeText(tensors)}, bound 1.15 x tensors + 300 MB = ${sizeText(bound)}: ${verdict}`
}

const tensorBytes = async (folder: string, files: readonly string[]): Promise<number> => {
  let bytes = 0
  for (const file of files)
    for (const tensor of readOnnxFile(await readFile(join(folder, file))).tensors) bytes += tensor.bytes
  return bytes
}
