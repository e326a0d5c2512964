/** The execution providers of onnxruntime that a runner can be told to use. */
export const PROVIDERS = ['cpu', 'cuda'] as const
export type Provider = (typeof PROVIDERS)[number]
