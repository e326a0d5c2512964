/** What is in a pack, for people: its settings, its files, and the tensors of each graph. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nfePerEvaluation, type PackManifest } from '../../shared/contract/pack.ts'
import { type OnnxFile, readOnnxFile } from '../pack/onnx-file.ts'
import { readPack } from '../pack/read-pack.ts'
import { sizeText } from './progress.ts'

/** One line of `packs list`. */
export const summaryOf = (manifest: PackManifest): string[] => {
  const { name, version, resolution, guidance, price_class: price, files } = manifest
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0)
  const cost = `${nfePerEvaluation(manifest)} NFE${nfePerEvaluation(manifest) === 1 ? '' : 's'} a step`
  return [name, version, resolution.join(' x '), guidance.mode, cost, price, sizeText(bytes)]
}

/** Lines of text. Rejects with PackError on a folder that is no pack; files are read, not checked. */
export const describePack = async (folder: string): Promise<string[]> => {
  const { manifest } = await readPack(folder)
  const { native, guidance, latent, resolution } = manifest
  const scale = guidance.mode === 'none' ? '' : ` ${guidance.scale}`
  const lines = [
    `${manifest.name} ${manifest.version} (${manifest.licence})`,
    `${manifest.output.kind.padEnd(11)} ${resolution.join(' x ')}, latent ${latent.join(' x ')}`,
    `network     ${native.prediction} on ${native.interpolant}, time x ${native.time_scale}, shift ${native.time_shift}`,
    `guidance    ${guidance.mode}${scale}: ${nfePerEvaluation(manifest)} NFE an evaluation`,
    `price class ${manifest.price_class}, at most ${manifest.nfe_cap} NFEs a generation`,
  ]
  for (const [name, { file, max_length, mask }] of Object.entries(manifest.tokenizers))
    lines.push(`tokenizer   ${name}: ${file}, ${max_length} ids${mask ? ' and their mask' : ''}`)
  for (const file of Object.keys(manifest.files).toSorted()) {
    const { bytes } = manifest.files[file] as { bytes: number }
    lines.push(
      `${file}  ${sizeText(bytes)}${file.endsWith('.onnx') ? `  ${graphText(await readGraph(folder, file))}` : ''}`,
    )
  }
  return lines
}

const readGraph = async (folder: string, file: string): Promise<OnnxFile> =>
  readOnnxFile(await readFile(join(folder, file)))

/** `opset 20, 12.0 MB of tensors: float16 11.9 MB, int64 0.1 MB; weights in 3 files beside it`. */
const graphText = ({ opsets, tensors }: OnnxFile): string => {
  const byType = new Map<string, number>()
  for (const { type, bytes } of tensors) byType.set(type, (byType.get(type) ?? 0) + bytes)
  const types = [...byType].toSorted(([, a], [, b]) => b - a).map(([type, bytes]) => `${type} ${sizeText(bytes)}`)
  const outside = new Set(tensors.flatMap(({ location }) => location ?? []))
  const sets = Object.entries(opsets).map(([domain, version]) =>
    domain === '' ? `opset ${version}` : `${domain} ${version}`,
  )
  return `${sets.join(', ')}; tensors ${types.join(', ')}${outside.size > 0 ? `; weights in ${outside.size} files beside it` : ''}`
}
