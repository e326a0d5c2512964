/** The Pythons that baselines run in: given by a flag, or made in a temporary folder. */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Why a figure is null. */
export class Missing extends Error {}

/**
 * `given`, or a new virtual environment with these packages. Rejects with
 * Missing where there is no Python, or no package index.
 */
export async function pythonWith(packages: readonly string[], given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  try {
    const folder = await mkdtemp(join(tmpdir(), 'rollover-bench-'))
    await run('python3', ['-m', 'venv', folder])
    const python = join(folder, 'bin', 'python')
    await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { timeout: 300_000 })
    return python
  } catch (cause) {
    const [reason] = String(cause instanceof Error ? cause.message : cause).split('\n')
    throw new Missing(`no Python with ${packages.join(' and ')}, and none was named: ${reason}`, { cause })
  }
}
