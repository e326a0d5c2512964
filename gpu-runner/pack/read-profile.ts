/** The profile of `adaptive` that a pack brings for its reward, checked. */
import { z } from 'zod'
import type { Profile } from '../search/profile.ts'
import { PackError, readPack } from './read-pack.ts'

const numbers = z.array(z.number())
const profileSchema = z
  .strictObject({
    task: z.string(),
    times: numbers.min(1),
    edges: numbers,
    leastPrice: z.number().nonnegative(),
    cells: z.array(
      z.array(z.strictObject({ draws: z.number(), finishes: z.number(), gains: numbers.min(1), worth: numbers })),
    ),
  })
  .refine(({ edges, cells }) => cells.length === edges.length + 1, 'one row of cells a band')
  .refine(({ times, cells }) => cells.every((row) => row.length === times.length), 'one cell a time in each row')

/** Undefined where the pack has none. Rejects with PackError when it is not what `pack.json` lists, or no profile. */
export async function readProfile(packFolder: string): Promise<Profile | undefined> {
  const { manifest, read } = await readPack(packFolder)
  const { profile: file } = manifest.rewards.count
  if (file === undefined) return undefined
  try {
    return profileSchema.parse(JSON.parse(new TextDecoder().decode(await read(file))))
  } catch (cause) {
    if (cause instanceof PackError) throw cause
    throw new PackError(`${file} is no profile that adaptive can use.`, { cause })
  }
}
