/** Files of a generation, read into the page, so that they can be saved and drawn from: only what is what its hash says. */
import type { Generation } from '../../../shared/client/client.ts'
import type { OutputFormat, PathFile } from '../../../shared/contract/output.ts'

/** A file of an output. */
export interface ReadFile {
  readonly format: OutputFormat
  readonly content_type: string
  /** An address within the page. */
  readonly url: string
}

type Output = Pick<Generation['outputs'][number], 'url' | 'content_type' | 'alternates'>

const isPicture = ({ content_type }: { readonly content_type: string }): boolean => content_type.startsWith('image/')

/** The address of what can be looked at: of numbers, the drawing beside them. */
export const pictureOf = (output: Output): string =>
  (isPicture(output) ? output : output.alternates.find(isPicture))?.url ?? output.url

/**
 * The files of an output, the one that was asked for first, the address of the one to look at, and a path's numbers. What cannot be read is left out.
 * @param asked the first file: its format, and its bytes where they could be read.
 */
export const filesOf = async (
  output: Output,
  asked: { readonly format: OutputFormat; readonly bytes: ArrayBuffer | Uint8Array<ArrayBuffer> | undefined },
  signal: AbortSignal,
): Promise<{ files: readonly ReadFile[]; image: string; path?: PathFile }> => {
  const others = output.alternates.map(async ({ format, content_type, url, sha256 }) => ({
    format,
    content_type,
    bytes: await readChecked({ url, sha256 }, signal),
  }))
  const all = [{ ...asked, content_type: output.content_type }, ...(await Promise.all(others))]
  const files = all.flatMap(({ format, content_type, bytes }) =>
    bytes === undefined
      ? []
      : { format, content_type, url: URL.createObjectURL(new Blob([bytes], { type: content_type })) },
  )
  const numbers = all.find(({ format }) => format === 'json')?.bytes
  return {
    files,
    image: files.find(isPicture)?.url ?? pictureOf(output),
    ...(numbers !== undefined && { path: JSON.parse(new TextDecoder().decode(numbers)) as PathFile }),
  }
}

/** undefined when it cannot be had, or is not what its hash says. */
export const readChecked = async (
  file: { readonly url: string; readonly sha256: string },
  signal: AbortSignal,
): Promise<ArrayBuffer | undefined> => {
  const bytes = await fetch(file.url, { signal }).then(
    (answer) => (answer.ok ? answer.arrayBuffer() : undefined),
    () => undefined,
  )
  if (bytes === undefined) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const found = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return found === file.sha256 ? bytes : undefined
}
