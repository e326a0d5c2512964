/** The tensors a graph must take and give, and the sentence that says where one does not. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import { PackError } from './read-pack.ts'

/** What latents, conditioning and images may be made of; the exporter casts anything else inside the graph. */
export type FloatType = 'float32' | 'float16'

/** One named tensor; `shape` leaves out the batch, which always comes first and must be free. */
export interface Port {
  readonly name: string
  readonly type: FloatType | 'int64'
  readonly shape: readonly number[]
}

export interface Signature {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
}

/** A port as the runtime describes it: a free dimension is its symbolic name. */
export interface FoundPort {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: string
  readonly shape?: readonly (number | string)[]
}

export interface FoundSignature {
  readonly inputs: readonly FoundPort[]
  readonly outputs: readonly FoundPort[]
}

/** Throws PackError unless the graph has exactly the expected tensors, in any order. */
export function checkSignature(file: string, found: FoundSignature, expected: Signature): void {
  for (const side of ['inputs', 'outputs'] as const) {
    const described = new Map(found[side].map((port) => [port.name, describeFound(port)]))
    for (const port of expected[side]) {
      const wanted = describe(port)
      const actual = described.get(port.name)
      if (actual !== wanted)
        throw new PackError(`${file} should have ${wanted} among its ${side}, but has ${actual ?? listOf(described)}.`)
      described.delete(port.name)
    }
    if (described.size > 0) throw new PackError(`${file} has ${side} the contract does not know: ${listOf(described)}.`)
  }
}

/** A port of floats in the precision that the graph has, float32 where it has none of the name. */
export function floatPort(found: FoundSignature, name: string, shape: readonly number[]): Port {
  const port = [...found.inputs, ...found.outputs].find((one) => one.name === name)
  return { name, type: port?.type === 'float16' ? 'float16' : 'float32', shape }
}

/** What `decode` gives, and rewards and judges take: named by the pack's kind of output. */
export function outputPort(found: FoundSignature, { output, resolution }: PackManifest): Port {
  return floatPort(found, output.kind, output.kind === 'image' ? [3, ...resolution] : [output.points, 2])
}

/**
 * The conditioning tensors: all outputs of the encoder, whatever their names. The velocity graph takes them by name.
 * Throws PackError when one is not float32 or float16 with a free batch and fixed other dimensions.
 */
export function conditioningPorts(file: string, found: FoundSignature): readonly Port[] {
  const ports = found.outputs.map((port): Port => {
    const [batch, ...shape] = port.shape ?? []
    const fixed = shape.filter((size) => typeof size === 'number')
    const type = port.type === 'float16' ? 'float16' : 'float32'
    if (port.type !== type || typeof batch !== 'string' || fixed.length !== shape.length)
      throw new PackError(
        `${file} gives ${describeFound(port)}; conditioning must be float32 or float16 [batch, fixed sizes...].`,
      )
    return { name: port.name, type, shape: fixed }
  })
  if (ports.length === 0) throw new PackError(`${file} gives no conditioning tensor.`)
  return ports
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

const describe = ({ name, type, shape }: Port): string => `${name}: ${type} [${['batch', ...shape].join(', ')}]`

function describeFound({ name, isTensor, type, shape }: FoundPort): string {
  if (!isTensor || shape === undefined) return `${name}: no tensor`
  const [batch, ...rest] = shape
  return `${name}: ${type} [${[typeof batch === 'string' ? 'batch' : batch, ...rest].join(', ')}]`
}

const listOf = (described: ReadonlyMap<string, string>): string => [...described.values()].join(', ') || 'none'
