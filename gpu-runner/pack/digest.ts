/** SHA-256 of files, read in pieces: a file of weights is never in memory as a whole. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

/** Hexadecimal; undefined when there is no such file. */
export const sha256OfFile = async (path: string): Promise<string | undefined> => {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return hash.digest('hex')
}
