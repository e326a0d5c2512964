/** What was measured of this machine and a pack once, and is kept. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { GRAPH_NAMES } from '../pack/session.ts'
import type { EngineSettings } from './choose-settings.ts'

const count = z.int().min(1)
const settingsSchema = z.strictObject({ threads: z.record(z.enum(GRAPH_NAMES), count), sessions: count })

const MEASURE = fileURLToPath(new URL('./main.ts', import.meta.url))

/**
 * The settings that suit this machine and pack: from the folder, or measured now, in some seconds, and put there. On another
 * processor, number of cores, onnxruntime or pack they are measured anew. Rejects when the pack cannot be opened.
 */
export async function keptSettings(on: { packFolder: string; folder: string }): Promise<EngineSettings> {
  const path = join(on.folder, `${await machineAndPack(on.packFolder)}.json`)
  const kept = settingsSchema.safeParse(await readJson(path))
  if (kept.success) return kept.data
  const { stdout } = await promisify(execFile)(process.execPath, [MEASURE, on.packFolder])
  const measured = settingsSchema.parse(JSON.parse(stdout))
  await mkdir(on.folder, { recursive: true })
  // Renamed, so that nobody reads half of it: two runners may measure at the same time.
  const written = `${path}.${process.pid}`
  await writeFile(written, JSON.stringify(measured))
  await rename(written, path)
  return measured
}

async function machineAndPack(packFolder: string): Promise<string> {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const machine = [cpus()[0]?.model, availableParallelism(), version]
  const pack = await readFile(join(packFolder, 'pack.json'))
  return createHash('sha256').update(JSON.stringify(machine)).update(pack).digest('hex').slice(0, 32)
}

/** Undefined when there is none, or nothing that can be read. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}
