import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { PbfWriter } from 'pbf'
import { fuseGraphs } from '../../../gpu-runner/pack/fuse-graphs.ts'
import { floatPort } from '../../../gpu-runner/pack/graph-signature.ts'
import { batchOf, openBytes, stack } from '../../../gpu-runner/pack/session.ts'

const FLOAT32 = 1
const FLOAT16 = 10
const packed = (file: string) => readFile(new URL(`../../../gpu-runner/packs/${file}`, import.meta.url))

interface Node {
  readonly op: string
  readonly from: readonly string[]
  readonly to: string
  /** Whether an attribute of it is a graph. */
  readonly holds?: boolean
}

interface Model {
  readonly nodes: readonly Node[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly opset?: number
  /** Of inputs and outputs. */
  readonly element?: number
  readonly functions?: boolean
}

/** Graphs of vectors [batch, 2] with one weight, `inner`, of two numbers. */
function modelOf({ nodes, inputs, outputs, opset = 18, element = FLOAT32, functions = false }: Model): Uint8Array {
  const message = (out: PbfWriter, field: number, write: (at: PbfWriter) => void) =>
    out.writeMessage(field, (_, at) => write(at), undefined)
  const value = (name: string) => (at: PbfWriter) => {
    at.writeStringField(1, name)
    message(at, 2, (type) =>
      message(type, 1, (tensor) => {
        tensor.writeVarintField(1, element)
        message(tensor, 2, (shape) => {
          message(shape, 1, (batch) => batch.writeStringField(2, 'batch'))
          message(shape, 1, (size) => size.writeVarintField(1, 2))
        })
      }),
    )
  }
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, 10)
  message(pbf, 7, (graph) => {
    for (const { op, from, to, holds = false } of nodes)
      message(graph, 1, (node) => {
        for (const name of from) node.writeStringField(1, name)
        node.writeStringField(2, to)
        node.writeStringField(4, op)
        if (holds)
          message(node, 5, (attribute) => message(attribute, 6, (inside) => inside.writeStringField(2, 'then')))
      })
    graph.writeStringField(2, 'graph')
    message(graph, 5, (tensor) => {
      tensor.writePackedVarint(1, [2])
      tensor.writeVarintField(2, FLOAT32)
      tensor.writePackedFloat(4, [3, -5])
      tensor.writeStringField(8, 'inner')
    })
    for (const name of inputs) message(graph, 11, value(name))
    for (const name of outputs) message(graph, 12, value(name))
  })
  message(pbf, 8, (set) => set.writeVarintField(2, opset))
  if (functions) message(pbf, 25, (one) => one.writeStringField(1, 'own'))
  return pbf.finish()
}

const FIRST: Model = {
  nodes: [
    { op: 'Mul', from: ['latents', 'inner'], to: 'middle' },
    { op: 'Neg', from: ['middle'], to: 'image' },
  ],
  inputs: ['latents'],
  outputs: ['image'],
}
/** Names within are those of the first, too. */
const SECOND: Model = {
  nodes: [
    { op: 'Add', from: ['image', 'inner'], to: 'middle' },
    { op: 'Sub', from: ['middle', 'target'], to: 'reward' },
  ],
  inputs: ['image', 'target'],
  outputs: ['reward'],
}

const opened = (bytes: Uint8Array | undefined) => {
  assert.ok(bytes)
  return openBytes(bytes, { graph: 'fused', file: 'two graphs', folder: '.' }, { threads: 1 })
}

test('two graphs are one that takes what both take and gives what both give, whatever they call things inside', async () => {
  const session = await opened(fuseGraphs(modelOf(FIRST), modelOf(SECOND), 'image'))
  assert.deepEqual(session.signature.inputs.map(({ name }) => name).toSorted(), ['latents', 'target'])
  assert.deepEqual(session.signature.outputs.map(({ name }) => name).toSorted(), ['image', 'reward'])
  const feeds = Object.fromEntries(
    [
      ['latents', 1, 2],
      ['target', 10, 20],
    ].map(([name, ...row]) => [
      name,
      stack(floatPort(session.signature, String(name), [2]), [Float32Array.from(row, Number)]),
    ]),
  )
  const outputs = await session.run(feeds, 1)
  assert.deepEqual([...outputs.floats('image')], [-3, 10])
  assert.deepEqual([...outputs.floats('reward')], [-3 + 3 - 10, 10 - 5 - 20])
})

test('what is more than joining lists is left alone', () => {
  const cases: Record<string, readonly [Partial<Model>, Partial<Model>]> = {
    'other operator sets': [{ opset: 17 }, {}],
    'another precision': [{ element: FLOAT16 }, {}],
    'functions of the first': [{ functions: true }, {}],
    'a graph within a node of the first': [
      { nodes: FIRST.nodes.map((node, at) => ({ ...node, holds: at === 0 })) },
      {},
    ],
    'an input of the first that the second knows too': [{}, { inputs: ['image', 'latents'] }],
    'the prefix itself': [{}, { nodes: [{ op: 'Neg', from: ['image'], to: 'first/middle' }] }],
  }
  for (const [what, [first, second]] of Object.entries(cases))
    assert.equal(
      fuseGraphs(modelOf({ ...FIRST, ...first }), modelOf({ ...SECOND, ...second }), 'image'),
      undefined,
      what,
    )
  const isOfSecond = fuseGraphs(modelOf(FIRST), modelOf({ ...SECOND, functions: true }), 'image')
  assert.ok(isOfSecond, 'functions of the second are taken along')
})

for (const [pack, reward, joint] of [
  ['emoji-world', 'reward-count.onnx', 'image'],
  ['emoji-world', 'reward-vqa.onnx', 'image'],
  ['trajectories', 'reward-path.onnx', 'path'],
] as const)
  test(`decoder and ${reward} of ${pack} have the same bits in one graph as in two`, async () => {
    const [first, second] = [await packed(`${pack}/decode.onnx`), await packed(`${pack}/${reward}`)]
    const [decode, score] = [await opened(first), await opened(second)]
    const together = await opened(fuseGraphs(first, second, joint))
    const shapeOf = (name: string) =>
      (together.signature.inputs.find((port) => port.name === name)?.shape ?? []).slice(1).map(Number)
    for (const rows of [1, 3, 8]) {
      const wave = (length: number, of: number) => Float32Array.from({ length }, (_, i) => 1.3 * Math.sin(1.7 * i + of))
      const given = Object.fromEntries(
        together.signature.inputs.map(({ name, type }) => {
          const [shape, ids] = [shapeOf(name), type === 'int64']
          const size = shape.reduce((product, side) => product * side, 1)
          const row = (of: number) =>
            ids ? BigInt64Array.from({ length: size }, (_, i) => BigInt((i * of) % 7)) : wave(size, of)
          return [
            name,
            stack(
              { name, type: ids ? 'int64' : 'float32', shape },
              Array.from({ length: rows }, (_, of) => row(of)),
            ),
          ]
        }),
      )
      const { latents, ...others } = given
      assert.ok(latents)
      const image = (await decode.run({ latents }, rows)).floats(joint)
      const shape = (decode.signature.outputs[0]?.shape ?? []).slice(1).map(Number)
      const seen = batchOf({ name: joint, type: 'float32', shape }, image, rows)
      const apart = (await score.run({ [joint]: seen, ...others }, rows, ['reward'])).floats('reward')
      const outputs = await together.run(given, rows)
      assert.deepEqual(outputs.floats('reward'), apart)
      assert.deepEqual(outputs.floats(joint), image)
    }
  })
