/** Files of a generation: images and trace, through the API's stable links, checked against their hashes. */
import type { Generation } from '../contract/generation.ts'
import { RolloverChecksumError, RolloverError } from './errors.ts'
import { pathOf } from './generations.ts'
import type { CallOptions, Connection } from './http.ts'

export interface DownloadOptions extends CallOptions {
  /** Which output; 0, the best, unless said. */
  readonly index?: number
}

/** The bytes of an image. Rejects with RolloverChecksumError when they are not what was stored. */
export const downloadOutput = async (
  api: Connection,
  generation: Pick<Generation, 'id' | 'outputs'>,
  { index = 0, ...options }: DownloadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> => {
  const output = generation.outputs[index]
  if (output === undefined) throw new RangeError(`the generation ${generation.id} has no output ${index}`)
  return read(api, { path: `${pathOf(generation.id)}/outputs/${index}`, sha256: output.sha256, options })
}

/** The trace's JSON Lines; its hash is the receipt. undefined when nothing was evaluated. */
export const downloadTrace = async (
  api: Connection,
  generation: Pick<Generation, 'id' | 'trace'>,
  options: CallOptions = {},
): Promise<string | undefined> => {
  if (generation.trace === null) return undefined
  const path = `${pathOf(generation.id)}/trace`
  return new TextDecoder().decode(await read(api, { path, sha256: generation.trace.sha256, options }))
}

const read = (
  api: Connection,
  file: { path: string; sha256: string; options: CallOptions },
): Promise<Uint8Array<ArrayBuffer>> =>
  api.read({ method: 'GET', path: file.path, ...file.options }, async (answer) => {
    const bytes = new Uint8Array(await (await follow(api, answer, file.options)).arrayBuffer())
    const found = hex(await crypto.subtle.digest('SHA-256', bytes))
    if (found !== file.sha256) throw new RolloverChecksumError(file.sha256, found)
    return bytes
  })

/** fetch follows redirects, and leaves the key behind when they change the origin. One that does not is followed here, without it. */
const follow = async (api: Connection, answer: Response, { signal }: CallOptions): Promise<Response> => {
  const location = answer.headers.get('location')
  if (answer.status < 300 || location === null) return answer
  const response = await api.fetch(location, signal ? { signal } : {})
  if (!response.ok) throw new RolloverError({ status: response.status })
  return response
}

const hex = (digest: ArrayBuffer): string =>
  [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
