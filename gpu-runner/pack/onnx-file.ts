/** What an ONNX file says about itself, read without the runtime: its tensors, and the files that it takes weights from. */
import { PbfReader } from 'pbf'

export interface OnnxTensor {
  readonly name: string
  /** As ONNX names it, such as `float16`. */
  readonly type: string
  readonly shape: readonly number[]
  /** Bytes of its numbers. */
  readonly bytes: number
  /** The file beside the graph that holds them; undefined when they are in the graph. */
  readonly location?: string
}

export interface OnnxFile {
  readonly irVersion: number
  /** Version of each operator set by domain; '' is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>
  readonly tensors: readonly OnnxTensor[]
}

/** Bits of one number; 0 where they are not fixed. Numbers are those of TensorProto.DataType (onnx/onnx.proto, Apache-2.0). */
const TYPES: Readonly<Record<number, readonly [string, number]>> = {
  1: ['float32', 32],
  2: ['uint8', 8],
  3: ['int8', 8],
  4: ['uint16', 16],
  5: ['int16', 16],
  6: ['int32', 32],
  7: ['int64', 64],
  8: ['string', 0],
  9: ['bool', 8],
  10: ['float16', 16],
  11: ['float64', 64],
  12: ['uint32', 32],
  13: ['uint64', 64],
  16: ['bfloat16', 16],
  17: ['float8e4m3fn', 8],
  18: ['float8e4m3fnuz', 8],
  19: ['float8e5m2', 8],
  20: ['float8e5m2fnuz', 8],
  21: ['uint4', 4],
  22: ['int4', 4],
}

/** Graphs inside graphs; a file that nests deeper is an attack. */
const MAX_DEPTH = 16

/** Throws on bytes that are no ONNX model: RangeError where the nesting is too deep, Error where the encoding is broken. */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const found: Found = { irVersion: 0, opsets: {}, tensors: [] }
  new PbfReader(bytes).readFields(readModel, found)
  if (found.irVersion === 0 || Object.keys(found.opsets).length === 0) throw new Error('no ONNX model')
  return found
}

interface Found {
  irVersion: number
  readonly opsets: Record<string, number>
  readonly tensors: OnnxTensor[]
}

interface Place {
  readonly found: Found
  readonly depth: number
}

function readModel(tag: number, found: Found, pbf: PbfReader): void {
  const place = { found, depth: 0 }
  if (tag === 1) found.irVersion = pbf.readVarint()
  else if (tag === 7) pbf.readMessage(readGraph, place)
  else if (tag === 8) {
    const { domain, version } = pbf.readMessage(readOpset, { domain: '', version: 0 })
    found.opsets[domain] = version
  } else if (tag === 25) pbf.readMessage(readFunction, place)
}

function readOpset(tag: number, opset: { domain: string; version: number }, pbf: PbfReader): void {
  if (tag === 1) opset.domain = pbf.readString()
  else if (tag === 2) opset.version = pbf.readVarint()
}

function readGraph(tag: number, place: Place, pbf: PbfReader): void {
  if (tag === 1) pbf.readMessage(readNode, place)
  else if (tag === 5) addTensor(place, pbf)
  else if (tag === 15) pbf.readMessage(readSparse, place)
}

function readFunction(tag: number, place: Place, pbf: PbfReader): void {
  if (tag === 7) pbf.readMessage(readNode, place)
}

function readNode(tag: number, place: Place, pbf: PbfReader): void {
  if (tag === 5) pbf.readMessage(readAttribute, place)
}

function readAttribute(tag: number, place: Place, pbf: PbfReader): void {
  if (tag === 5 || tag === 10) addTensor(place, pbf)
  else if (tag === 6 || tag === 11) {
    if (place.depth >= MAX_DEPTH) throw new RangeError(`graphs nested deeper than ${MAX_DEPTH}`)
    pbf.readMessage(readGraph, { ...place, depth: place.depth + 1 })
  } else if (tag === 22 || tag === 23) pbf.readMessage(readSparse, place)
}

function readSparse(tag: number, place: Place, pbf: PbfReader): void {
  if (tag === 1 || tag === 2) addTensor(place, pbf)
}

interface TensorFields {
  readonly shape: number[]
  type: number
  name: string
  location?: string
}

function addTensor({ found }: Place, pbf: PbfReader): void {
  const fields: TensorFields = pbf.readMessage(readTensor, { shape: [], type: 0, name: '' })
  const [type, bits] = TYPES[fields.type] ?? [`type ${fields.type}`, 0]
  const numbers = fields.shape.reduce((product, size) => product * size, 1)
  const { name, shape, location } = fields
  const bytes = Math.ceil((numbers * bits) / 8)
  found.tensors.push({ name, type, shape, bytes, ...(location !== undefined && { location }) })
}

function readTensor(tag: number, tensor: TensorFields, pbf: PbfReader): void {
  if (tag === 1) pbf.readPackedVarint(tensor.shape)
  else if (tag === 2) tensor.type = pbf.readVarint()
  else if (tag === 8) tensor.name = pbf.readString()
  else if (tag === 13) {
    const { key, value } = pbf.readMessage(readEntry, { key: '', value: '' })
    if (key === 'location') tensor.location = value
  }
}

function readEntry(tag: number, entry: { key: string; value: string }, pbf: PbfReader): void {
  if (tag === 1) entry.key = pbf.readString()
  else if (tag === 2) entry.value = pbf.readString()
}
