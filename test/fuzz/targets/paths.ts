/** What a pack of paths brings: prompts of one form, the form itself, requests of it, and paths as files. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkRequest } from '../../../functions/api/generations/check-request.ts'
import { rasterize } from '../../../gpu-runner/image/encode-image.ts'
import { drawPath, encodePathJson, type Path } from '../../../gpu-runner/path/path.ts'
import { generationRequestSchema } from '../../../shared/contract/generation.ts'
import { pathFileSchema } from '../../../shared/contract/output.ts'
import { promptFormSchema } from '../../../shared/contract/pack.ts'
import { compileDenyList } from '../../../shared/domain/deny-list.ts'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import { fillForm, partsOfForm, readForm } from '../../../shared/domain/prompt-form.ts'
import { mutatedJson, mutatedText } from '../mutate.ts'
import { PACK_CARDS, pathForm } from '../pack.ts'
import { named, type Target, target } from '../target.ts'

const webhooks = { allowHttp: true, allowedCidrs: [] }
const denied = compileDenyList({})
const REQUEST = {
  pack: 'trajectories',
  prompt: 'from bottom left to top right around a wall with a gap',
  reward: 'path',
  format: 'json',
  search: 'rbf',
  nfe_budget: 40,
}
const SIDE = 32

/** One space between words, in lower case: what a form does not look at is gone. */
const plain = (prompt: string): string => prompt.toLowerCase().trim().replace(/\s+/g, ' ')

/** [count, width] numbers; what an engine hands on is finite. */
const numbers = (count: number) =>
  fc.float32Array({ minLength: count, maxLength: count, noNaN: true, noDefaultInfinity: true })

const path: fc.Arbitrary<Path> = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.nat(4)).chain(([points, obstacles]) =>
  fc.record({
    kind: fc.constant('path' as const),
    data: numbers(2 * points),
    ends: numbers(4),
    obstacles: numbers(3 * obstacles),
    width: fc.integer({ min: 1, max: 600 }),
    height: fc.integer({ min: 1, max: 600 }),
  }),
)

export const PATH_TARGETS: readonly Target[] = [
  target({
    name: 'prompt of one form',
    weight: 6,
    inputs: mutatedText(
      'from bottom left to top right around a wall with a gap',
      'FROM left  TO top AROUND one pillar',
    ),
    run: (prompt) => {
      const read = readForm(prompt, pathForm)
      if (read.ok) assert.equal(fillForm(pathForm, read.filling), plain(prompt))
      else assert.ok(read.fault !== '' && read.fault.length < 1000)
    },
    longest: 2000,
    long: [
      (n) => 'from '.repeat(n / 5),
      (n) => `from ${'a'.repeat(n)}`,
      (n) => ' '.repeat(n),
      (n) => `from left to top around a wall${' x'.repeat(n / 2)}`,
    ],
  }),
  target({
    name: 'form of prompts',
    weight: 4,
    inputs: fc.oneof(
      mutatedJson(pathForm),
      fc.record({ text: mutatedText(pathForm.text), places: fc.constant(pathForm.places) }),
    ),
    run: (input) => {
      if (findOddLength(input) !== undefined) return
      const form = promptFormSchema.parse(input)
      const first = fillForm(form)
      const places = partsOfForm(form).filter((part) => 'place' in part).length
      const read = readForm(first, form)
      // A longer choice may take a word of what stands behind its place, as a person who reads it would.
      if (read.ok) assert.equal(read.filling.length, places)
    },
    refuses: named('ZodError'),
  }),
  target({
    name: 'request of a path and its pack',
    weight: 4,
    inputs: fc.oneof(
      mutatedJson(REQUEST, { ...REQUEST, format: 'svg', reward: undefined }),
      mutatedText(REQUEST.prompt).map((prompt) => ({ ...REQUEST, prompt })),
    ),
    run: (input) => {
      if (findOddLength(input) !== undefined) return
      const parsed = generationRequestSchema(webhooks).safeParse(input)
      if (!parsed.success) return
      checkRequest({ packs: PACK_CARDS, denied }, parsed.data)
      const { pack, prompt, format } = parsed.data
      if (pack !== REQUEST.pack) return
      assert.ok(readForm(prompt, pathForm).ok && (format === undefined || ['svg', 'json'].includes(format)))
    },
    refuses: named('ProblemError'),
  }),
  target({
    name: 'path to JSON and SVG',
    weight: 0.3,
    inputs: path,
    run: async (drawn) => {
      const file = pathFileSchema.parse(JSON.parse(new TextDecoder().decode(encodePathJson(drawn))))
      assert.equal(file.points.length, drawn.data.length / 2)
      assert.ok(file.obstacles.every(({ radius }) => radius > 0))
      const svg = drawPath(drawn)
      assert.doesNotMatch(new TextDecoder().decode(svg), /NaN|Infinity|undefined/)
      assert.ok((await rasterize(svg, SIDE)).pixels.length > 0)
    },
  }),
]
