/** Small ONNX files for tests, with whatever is wrong with them. */
import { PbfWriter } from 'pbf'

/** A model whose one weight, of four numbers, lies in another file; `depth` graphs inside graphs around it. */
export const graphWithWeightsIn = (location: string, depth = 0): Uint8Array => {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, 10)
  pbf.writeMessage(7, (_, out) => writeGraph(out, { location, depth }), undefined)
  pbf.writeMessage(8, (_, out) => out.writeVarintField(2, 20), undefined)
  return pbf.finish()
}

const writeGraph = (out: PbfWriter, { location, depth }: { location: string; depth: number }): void => {
  if (depth === 0) {
    out.writeMessage(5, (_, tensor) => writeTensor(tensor, location), undefined)
    return
  }
  const attribute = (at: PbfWriter) =>
    at.writeMessage(6, (_, graph) => writeGraph(graph, { location, depth: depth - 1 }), undefined)
  out.writeMessage(1, (_, node) => node.writeMessage(5, (__, at) => attribute(at), undefined), undefined)
}

const writeTensor = (out: PbfWriter, location: string): void => {
  out.writePackedVarint(1, [2, 2])
  out.writeVarintField(2, 1)
  out.writeStringField(8, 'weight')
  const entry = (key: string, value: string) =>
    out.writeMessage(
      13,
      (_, at) => {
        at.writeStringField(1, key)
        at.writeStringField(2, value)
      },
      undefined,
    )
  entry('location', location)
  entry('offset', '0')
  out.writeVarintField(14, 1)
}
