/** What a pack gives, of either kind, and the files that are made of it. */
import { FORMATS_OF, type ImageFormat, type OutputFormat, type PathFormat } from '../../shared/contract/output.ts'
import type { PackManifest } from '../../shared/contract/pack.ts'
import { encodeImage, rasterize } from '../image/encode-image.ts'
import { encodePixels, encodePng, type ImageTensor } from '../image/png.ts'
import { drawPath, encodePathJson, type Path, type Surroundings } from '../path/path.ts'

export type Output = (ImageTensor & { readonly kind: 'image' }) | Path

/** Output tensors of a pack as outputs. @param surroundings of a pack that gives paths. */
export const outputOf = (
  { output, resolution: [height, width] }: Pick<PackManifest, 'output' | 'resolution'>,
  data: Float32Array,
  surroundings: Surroundings | undefined,
): Output => {
  if (output.kind === 'image') return { kind: 'image', data, width, height }
  if (surroundings === undefined) throw new RangeError('a path without what surrounds it')
  return { kind: 'path', data, width, height, ...surroundings }
}

const PATH_ENCODERS: Readonly<Record<PathFormat, (path: Path) => Uint8Array>> = { svg: drawPath, json: encodePathJson }

/** On one machine the same output gives the same bytes; of PNG, SVG and JSON, on every machine. Throws RangeError on a format of another kind. */
export const encodeOutput = async (output: Output, format: OutputFormat): Promise<Uint8Array> => {
  if (!(FORMATS_OF[output.kind] as readonly string[]).includes(format))
    throw new RangeError(`${output.kind} outputs are no ${format}`)
  return output.kind === 'image'
    ? encodeImage(output, format as ImageFormat)
    : PATH_ENCODERS[format as PathFormat](output)
}

/** Formats that are stored beside the one asked for: a path's numbers and its drawing belong together. */
export const alternatesOf = ({ kind }: Output, format: OutputFormat): readonly OutputFormat[] =>
  kind === 'image' ? [] : FORMATS_OF[kind].filter((other) => other !== format)

/** What a person would see of it, as PNG: of a path, its drawing. */
export const pictureFile = async (output: Output): Promise<Uint8Array> => {
  if (output.kind === 'image') return encodePng(output)
  return encodePixels(await rasterize(drawPath(output), Math.max(output.width, output.height)))
}
