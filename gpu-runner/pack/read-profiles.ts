/** The profiles of `adaptive` that a pack brings for its rewards, checked. */
import { z } from 'zod'
import type { Profile } from '../search/profile.ts'
import { type Pack, PackError, readPack } from './read-pack.ts'

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

export type Profiles = ReadonlyMap<string, Profile>

/** By reward, of those that have one. Rejects with PackError when one is not what `pack.json` lists, or no profile. */
export async function readProfiles(packFolder: string): Promise<Profiles> {
  const pack = await readPack(packFolder)
  const profiles = new Map<string, Profile>()
  for (const [name, { profile }] of Object.entries(pack.manifest.rewards))
    if (profile !== undefined) profiles.set(name, await readProfile(pack, profile))
  return profiles
}

async function readProfile({ read }: Pack, file: string): Promise<Profile> {
  try {
    return profileSchema.parse(JSON.parse(new TextDecoder().decode(await read(file))))
  } catch (cause) {
    if (cause instanceof PackError) throw cause
    throw new PackError(`${file} is no profile that adaptive can use.`, { cause })
  }
}
