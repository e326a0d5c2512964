/** A disk of a few kilobytes, for a runner to keep its files on, that can be filled to the last block. */
import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  /** Until nothing more can be written, nor a file made. */
  fill(): Promise<void>
  free(): Promise<void>
  close(): void
}

const BLOCK = Buffer.alloc(4096)

/** Undefined where this process may not mount one: that takes root on Linux. */
export const openSmallDisk = async (folder: string): Promise<SmallDisk | undefined> => {
  await mkdir(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,nr_inodes=16', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  const fillers = join(folder, 'filler')
  return {
    folder,
    fill: async () => {
      try {
        await mkdir(fillers, { recursive: true })
        for (let file = 0; ; file++) await writeFile(join(fillers, String(file)), BLOCK)
      } catch {
        // Full, or what its runner left there had filled it.
      }
    },
    free: () => rm(fillers, { recursive: true, force: true }),
    close: () => execFileSync('umount', ['--lazy', folder]),
  }
}
