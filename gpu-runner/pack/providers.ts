/** The execution providers of onnxruntime that a runner can be told to use. */
export const PROVIDERS = ['cpu', 'cuda', 'tensorrt'] as const
export type Provider = (typeof PROVIDERS)[number]

/**
 * What onnxruntime is given, in order: a node that the first cannot run goes to the next, and to the CPU at last. Each that is
 * named must load, so TensorRT is never quietly CUDA.
 */
export const PROVIDERS_OF: Readonly<Record<Provider, readonly Provider[]>> = {
  cpu: ['cpu'],
  cuda: ['cuda'],
  tensorrt: ['tensorrt', 'cuda'],
}
