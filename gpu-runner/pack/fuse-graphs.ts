/** Two ONNX graphs as one, of which the second takes what the first gives: what lies between them never leaves the runtime. */
import { PbfReader, PbfWriter } from 'pbf'

/** Numbers of the fields that are looked at, as in onnx/onnx.proto (Apache-2.0). */
const MODEL = { irVersion: 1, graph: 7, opsets: 8, functions: 25 }
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 }
const NODE = { input: 1, output: 2, name: 3, attribute: 5 }
const ATTRIBUTE = { graph: 6, graphs: 11 }
const NAME_OF_TENSOR = 8
const NAME_OF_VALUE = 1
/** Into a value's type: tensor, element. */
const TYPE_OF_VALUE = [2, 1, 1]
/** What a graph may lose: types that the runtime finds itself, and comments. */
const DISPENSABLE = new Set([10, 13, 16])

/** How messages, strings and bytes are encoded: their length, then they. */
const BYTES = 2

/** Before the names of the first graph, so that none is the second's too. */
const PREFIX = 'first/'

/** A field of a message. */
interface Field {
  readonly number: number
  /** With its number, as it is encoded. */
  readonly whole: Uint8Array
  /** Of a message, a string or bytes. */
  readonly content: Uint8Array
}

type Message = readonly Field[]

/**
 * Takes what the first takes, and the second beside `joint`; gives what the second gives, then `joint`. Undefined where more than lists
 * would have to be joined: other operator sets, another precision, functions or graphs inside the first, or a name that is in both. Throws on bytes that are no
 * ONNX model.
 * @param joint the first's only output, and an input of the second
 */
export function fuseGraphs(first: Uint8Array, second: Uint8Array, joint: string): Uint8Array | undefined {
  const [before, after] = [fieldsOf(first), fieldsOf(second)]
  const [producer, consumer] = [before, after].map((model) => fieldsOf(contentOf(model, MODEL.graph))) as [
    Message,
    Message,
  ]
  const kept = new Set([...all(producer, GRAPH.input, NAME_OF_VALUE), joint])
  const alike =
    Buffer.compare(versionsOf(before), versionsOf(after)) === 0 &&
    elementOf(producer, GRAPH.output, joint) === elementOf(consumer, GRAPH.input, joint)
  if (!alike || before.some(({ number }) => number === MODEL.functions) || !isPlain(producer)) return undefined
  if (namesOf(consumer).some((name) => name.startsWith(PREFIX) || (kept.has(name) && name !== joint))) return undefined
  const graph = [...renamed(producer, kept), ...withInputs(consumer, joint), ...outputsOf(producer)]
  const others = after.filter(({ number }) => number !== MODEL.graph).map(({ whole }) => whole)
  return Buffer.concat([...others, ...encoded(MODEL.graph, graph)])
}

function fieldsOf(message: Uint8Array): Message {
  const [pbf, fields]: [PbfReader, Field[]] = [new PbfReader(message), []]
  while (pbf.pos < pbf.length) {
    const start = pbf.pos
    const number = pbf.nextField()
    const content = pbf.type === BYTES ? pbf.readBytes() : new Uint8Array()
    if (pbf.type !== BYTES) pbf.skip(pbf.type)
    fields.push({ number, content, whole: message.subarray(start, pbf.pos) })
  }
  return fields
}

const contentOf = (message: Message, number: number): Uint8Array =>
  message.find((field) => field.number === number)?.content ?? new Uint8Array()

const textOf = (content: Uint8Array): string => Buffer.from(content).toString()

/** The strings `inner` of all fields `outer`. */
const all = (message: Message, outer: number, inner: number): string[] =>
  message
    .filter(({ number }) => number === outer)
    .flatMap(({ content }) => fieldsOf(content).filter(({ number }) => number === inner))
    .map(({ content }) => textOf(content))

const versionsOf = (model: Message): Buffer =>
  Buffer.concat(
    model.filter(({ number }) => number === MODEL.irVersion || number === MODEL.opsets).map(({ whole }) => whole),
  )

const valueNamed = (graph: Message, number: number, name: string): Message | undefined =>
  graph
    .filter((field) => field.number === number)
    .map(({ content }) => fieldsOf(content))
    .find((value) => textOf(contentOf(value, NAME_OF_VALUE)) === name)

/** Of the tensor of that name, as it is encoded. */
function elementOf(graph: Message, number: number, name: string): string {
  const [type = 0, tensor = 0, element = 0] = TYPE_OF_VALUE
  const value = valueNamed(graph, number, name) ?? []
  const ofTensor = fieldsOf(contentOf(fieldsOf(contentOf(value, type)), tensor))
  return ofTensor
    .filter((field) => field.number === element)
    .map(({ whole }) => whole.join())
    .join()
}

/** Whether it is nodes, weights, inputs and outputs, and no node holds a graph, whose names would be this graph's too. */
const isPlain = (graph: Message): boolean =>
  graph.every(({ number, content }) => {
    if (number !== GRAPH.node) return Object.values(GRAPH).includes(number) || DISPENSABLE.has(number)
    const attributes = fieldsOf(content).filter((field) => field.number === NODE.attribute)
    return attributes.every(({ content }) =>
      fieldsOf(content).every((field) => field.number !== ATTRIBUTE.graph && field.number !== ATTRIBUTE.graphs),
    )
  })

const namesOf = (graph: Message): string[] => [
  ...all(graph, GRAPH.input, NAME_OF_VALUE),
  ...all(graph, GRAPH.initializer, NAME_OF_TENSOR),
  ...all(graph, GRAPH.node, NODE.output),
]

/** Inputs, weights and nodes. An empty name stands for what was left out. */
function renamed(graph: Message, kept: ReadonlySet<string>): Uint8Array[] {
  const rename = (field: Field, names: readonly number[]): readonly Uint8Array[] => {
    const name = names.includes(field.number) ? textOf(field.content) : ''
    return name === '' || kept.has(name) ? [field.whole] : encoded(field.number, [Buffer.from(PREFIX + name)])
  }
  const within = ({ number, content }: Field, names: readonly number[]) =>
    encoded(
      number,
      fieldsOf(content).flatMap((field) => rename(field, names)),
    )
  return graph.flatMap((field) => {
    if (field.number === GRAPH.node) return within(field, [NODE.input, NODE.output, NODE.name])
    if (field.number === GRAPH.initializer) return within(field, [NAME_OF_TENSOR])
    return field.number === GRAPH.input ? [field.whole] : []
  })
}

const withInputs = (graph: Message, joint: string): Uint8Array[] =>
  graph
    .filter(
      ({ number, content }) => number !== GRAPH.input || textOf(contentOf(fieldsOf(content), NAME_OF_VALUE)) !== joint,
    )
    .map(({ whole }) => whole)

const outputsOf = (graph: Message): Uint8Array[] =>
  graph.filter(({ number }) => number === GRAPH.output).map(({ whole }) => whole)

/** A field of these parts, which are not copied: weights are large. */
function encoded(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const head = new PbfWriter()
  head.writeTag(number, BYTES)
  head.writeVarint(content.reduce((sum, { length }) => sum + length, 0))
  return [head.finish(), ...content]
}
