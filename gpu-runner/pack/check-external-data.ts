/** Weights beside a graph: each file that the graph names must be one that the manifest lists, and be what it lists. */
import { type OnnxFile, readOnnxFile } from './onnx-file.ts'
import { type Pack, PackError } from './read-pack.ts'

/**
 * Reads the graph for the files it takes weights from and checks their digests. Nothing else can be named: no path, no file of
 * the machine. Rejects with PackError, also on bytes that are no ONNX model.
 */
export async function checkExternalData(pack: Pack, file: string, bytes: Uint8Array): Promise<void> {
  for (const location of new Set(tensorsOf(file, bytes).flatMap((tensor) => tensor.location ?? []))) {
    if (!Object.hasOwn(pack.manifest.files, location))
      throw new PackError(`${file} takes weights from "${location}", which pack.json does not list under files.`)
    await pack.check(location)
  }
}

function tensorsOf(file: string, bytes: Uint8Array): OnnxFile['tensors'] {
  try {
    return readOnnxFile(bytes).tensors
  } catch (cause) {
    throw new PackError(`${file} is not a graph that onnxruntime can load.`, { cause })
  }
}
