import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkSignature,
  conditioningPorts,
  type FoundPort,
  type Signature,
} from '../../../gpu-runner/pack/graph-signature.ts'
import { PackError } from '../../../gpu-runner/pack/read-pack.ts'

const port = (name: string, shape: (number | string)[], type = 'float32'): FoundPort => ({
  name,
  isTensor: true,
  type,
  shape,
})
const decode: Signature = {
  inputs: [{ name: 'latents', type: 'float32', shape: [64, 64] }],
  outputs: [{ name: 'image', type: 'float32', shape: [3, 128, 128] }],
}
const latents = port('latents', ['n', 64, 64])
const image = port('image', ['n', 3, 128, 128])

test('accepts the tensors it expects, whatever the batch is called', () => {
  checkSignature('decode.onnx', { inputs: [latents], outputs: [image] }, decode)
})

const faults: Record<string, [FoundPort[], FoundPort[], RegExp]> = {
  'a missing input': [
    [],
    [image],
    /^decode\.onnx should have latents: float32 \[batch, 64, 64\] among its inputs, but has none\.$/,
  ],
  'another name': [[port('x', ['n', 64, 64])], [image], /but has x: float32 \[batch, 64, 64\]/],
  'another size': [[port('latents', ['n', 64, 16])], [image], /but has latents: float32 \[batch, 64, 16\]/],
  'another type': [[port('latents', ['n', 64, 64], 'float16')], [image], /but has latents: float16/],
  'a fixed batch': [[port('latents', [1, 64, 64])], [image], /but has latents: float32 \[1, 64, 64\]/],
  'one input too many': [
    [latents, port('mask', ['n', 20])],
    [image],
    /inputs the contract does not know: mask: float32 \[batch, 20\]/,
  ],
  'an output of another shape': [[latents], [port('image', ['n', 128, 128, 3])], /among its outputs/],
}
for (const [what, [inputs, outputs, sentence]] of Object.entries(faults))
  test(`refuses a graph with ${what}, and says what it has`, () => {
    assert.throws(
      () => checkSignature('decode.onnx', { inputs, outputs }, decode),
      (error: unknown) => error instanceof PackError && sentence.test(error.message),
    )
  })

test('takes any float32 outputs of the encoder as conditioning, and nothing else', () => {
  const ports = conditioningPorts('encode.onnx', {
    inputs: [],
    outputs: [port('text', ['n', 20, 192]), port('pooled', ['n', 8])],
  })
  assert.deepEqual(ports, [
    { name: 'text', type: 'float32', shape: [20, 192] },
    { name: 'pooled', type: 'float32', shape: [8] },
  ])
  const free = { inputs: [], outputs: [port('text', ['n', 'words', 192])] }
  assert.throws(() => conditioningPorts('encode.onnx', free), PackError)
  assert.throws(() => conditioningPorts('encode.onnx', { inputs: [], outputs: [] }), PackError)
})
