/** The Pythons that baselines run in: given by a flag, or made in a temporary folder. */
import { join } from 'node:path'
import { PROVIDERS_OF, type Provider } from '../../../gpu-runner/pack/providers.ts'
import { runGroup, temporaryFolder } from './children.ts'

/** Why a figure is null. */
export class Missing extends Error {}

/**
 * `given`, or a new virtual environment with these packages. Rejects with
 * Missing where there is no Python, or no package index.
 */
export async function pythonWith(packages: readonly string[], given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const folder = await temporaryFolder('python')
  const python = join(folder, 'bin', 'python')
  try {
    await runGroup('python3', ['-m', 'venv', folder])
    await runGroup(python, ['-m', 'pip', 'install', '--quiet', ...packages])
    return python
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Missing(`no Python with ${packages.join(' and ')}, and none was named: ${reason}`, { cause })
  }
}

const PYTHON_PROVIDERS = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
} as const satisfies Record<Provider, string>

/** The package that brings onnxruntime with this provider. */
export const runtimeOf = (provider: Provider): string => (provider === 'cpu' ? 'onnxruntime' : 'onnxruntime-gpu')

/** What our sessions are given, by the names that onnxruntime has for it in Python, with commas. */
export const pythonProviders = (provider: Provider): string =>
  PROVIDERS_OF[provider].map((name) => PYTHON_PROVIDERS[name]).join(',')

/** What of these is installed there, as `name version`. */
export async function versionsIn(python: string, packages: readonly string[]): Promise<string[]> {
  const script =
    'import sys, importlib.metadata as m\nfor p in sys.argv[1:]:\n try: print(p, m.version(p))\n except m.PackageNotFoundError: pass'
  const told = await runGroup(python, ['-c', script, ...packages])
  return told.trim().split('\n').filter(Boolean)
}
