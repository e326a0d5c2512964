/** The images or paths that a search found: rendered, encoded as the client asked, and stored, best first. */
import { createHash } from 'node:crypto'
import type { Result } from '../../shared/contract/generation.ts'
import { OUTPUT_CONTENT_TYPES, type OutputFormat } from '../../shared/contract/output.ts'
import type { Counts } from '../../shared/domain/counts.ts'
import { countsOf } from '../../shared/domain/reward.ts'
import type { GenerationItem } from '../../shared/stores/generations.ts'
import { type Bucket, outputKey, putObject } from '../../shared/stores/outputs.ts'
import type { StoredAlternate, StoredOutput } from '../../shared/stores/stored-output.ts'
import type { ContentCheck } from '../content/check-content.ts'
import type { Evaluator } from '../engine/evaluator.ts'
import type { Rendering } from '../engine/render-latent.ts'
import { alternatesOf, encodeOutput, type Output, pictureFile } from '../output/output.ts'
import type { Answer } from '../search/search.ts'

export interface StoredOutputs {
  readonly outputs: StoredOutput[]
  readonly result: Result
  /** How many more there were that the content policy held back. */
  readonly outputs_held_back?: number
}

interface EncodedOutput {
  readonly rendering: Rendering
  readonly bytes: Uint8Array
  readonly sha256: string
}

/**
 * Costs no NFE. Distinct outputs only: two answers that became the same file count once. What the content policy holds back
 * is stored nowhere; of the others the result is that of the best. With none left, the reason.
 * Writes under keys of this attempt's fence, so a second attempt never overwrites what a first one stored.
 */
export const storeOutputs = async (
  on: { bucket: Bucket; content: Pick<ContentCheck, 'image'> },
  { generation, evaluator, answers }: { generation: GenerationItem; evaluator: Evaluator; answers: readonly Answer[] },
): Promise<StoredOutputs | { refused: string }> => {
  const format = generation.format ?? 'png'
  const encoded: EncodedOutput[] = []
  for (const { latent } of answers) {
    const rendering = await evaluator.render(latent)
    encoded.push(await encodeRendering(rendering, format))
  }
  const made = distinct(encoded).toSorted((a, b) => b.rendering.reward - a.rendering.reward)
  const { images, reason } = await holdBack(on.content, made, format)
  const [best] = images
  if (best === undefined) {
    if (reason === undefined) throw new RangeError('outputs of no answer')
    return { refused: reason }
  }
  const outputs = await Promise.all(
    images.map((image, index) => storeOutput(on.bucket, image, { generation, index, format })),
  )
  const result = resultOf(best.rendering, countsOf(generation.reward))
  const heldBack = made.length - images.length
  return { outputs, result, ...(heldBack > 0 && { outputs_held_back: heldBack }) }
}

const resultOf = ({ reward, parts, found }: Rendering, asked: Counts | undefined): Result => {
  const counts = found && asked ? { asked: { ...asked }, found: { ...found.found }, exact: found.exact } : null
  return { reward, parts: [...parts], counts }
}

/** What the content policy leaves, and the first reason for what it does not. One after the other: a classifier is shared. */
const holdBack = async (
  content: Pick<ContentCheck, 'image'>,
  made: readonly EncodedOutput[],
  format: OutputFormat,
): Promise<{ images: readonly EncodedOutput[]; reason: string | undefined }> => {
  const images: EncodedOutput[] = []
  const reasons: string[] = []
  for (const image of made) {
    const reason = await content.image(await seenAs(image, format))
    if (reason === undefined) images.push(image)
    else reasons.push(reason)
  }
  return { images, reason: reasons[0] }
}

/** A classifier looks at pictures: at the file that the client gets, or at what is drawn of the path in it. */
const seenAs = async ({ rendering, bytes }: EncodedOutput, format: OutputFormat) =>
  rendering.output.kind === 'image'
    ? { bytes, contentType: OUTPUT_CONTENT_TYPES[format] }
    : { bytes: await pictureFile(rendering.output), contentType: OUTPUT_CONTENT_TYPES.png }

const encodeRendering = async (rendering: Rendering, format: OutputFormat): Promise<EncodedOutput> => {
  const bytes = await encodeOutput(rendering.output, format)
  return { rendering, bytes, sha256: sha256Of(bytes) }
}

const distinct = (images: readonly EncodedOutput[]): EncodedOutput[] => {
  const first = new Map<string, EncodedOutput>()
  for (const image of images) if (!first.has(image.sha256)) first.set(image.sha256, image)
  return [...first.values()]
}

const storeOutput = async (
  bucket: Bucket,
  { rendering, bytes, sha256 }: EncodedOutput,
  { generation, index, format }: { generation: GenerationItem; index: number; format: OutputFormat },
): Promise<StoredOutput> => {
  const { account_id: accountId, id: generationId, fence } = generation
  const at = { accountId, generationId, fence, index }
  const key = outputKey({ ...at, format })
  const content_type = OUTPUT_CONTENT_TYPES[format]
  await putObject(bucket, { key, bytes, contentType: content_type })
  const { output, reward, parts, found } = rendering
  const { width, height } = output
  const alternates = await Promise.all(
    alternatesOf(output, format).map((other) => storeAlternate(bucket, output, { ...at, format: other })),
  )
  const counted = {
    found: found ? { ...found.found } : null,
    exact: found?.exact ?? null,
    places: found?.places ? [...found.places] : null,
  }
  const stored = { key, content_type, width, height, bytes: bytes.byteLength, sha256, reward, parts, ...counted }
  return alternates.length === 0 ? stored : { ...stored, alternates }
}

const storeAlternate = async (
  bucket: Bucket,
  output: Output,
  at: Parameters<typeof outputKey>[0],
): Promise<StoredAlternate> => {
  const { format } = at
  const [bytes, key, content_type] = [await encodeOutput(output, format), outputKey(at), OUTPUT_CONTENT_TYPES[format]]
  await putObject(bucket, { key, bytes, contentType: content_type })
  return { key, format, content_type, bytes: bytes.byteLength, sha256: sha256Of(bytes) }
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
