/** A prompt in the words of a pack: the edge refuses by it, the runner feeds the model by it. */

import type { PackManifest } from '../contract/pack.ts'
import type { FieldError } from '../contract/problem.ts'
import { nearestWord } from './nearest-word.ts'
import { readForm } from './prompt-form.ts'
import { roomiestTokenizer } from './tokenizer.ts'

/** The pack's tokenizer, as far as reading a prompt needs it. */
export interface PromptTokenizer {
  tokenize(text: string): readonly string[]
  knows(token: string): boolean
  /** Tokens of text that fit in `length`, beside the special ones. */
  room(length: number): number
}

/** Digits become the number words the pack was trained on: "7 bears" -> "seven bears". Other text is left alone. */
export const spellNumbers = (prompt: string, manifest: Pick<PackManifest, 'vocabulary'>): string =>
  prompt.replace(/\b\d{1,3}\b/g, (digits) => manifest.vocabulary.numbers[Number(digits) - 1] ?? digits)

/**
 * Faults of a prompt for this pack: longer than its tokenizer takes (it would be cut without a word), not of its form, or not
 * one word the pack can draw. Pointers are into the request.
 */
export const checkPrompt = (prompt: string, manifest: PackManifest, tokenizer: PromptTokenizer): FieldError[] => {
  const formed = manifest.prompt_form && readForm(prompt, manifest.prompt_form)
  if (formed?.ok === false) return [{ pointer: '/prompt', detail: formed.fault }]
  const { max_length, prefix } = roomiestTokenizer(manifest)
  const tokens = tokenizer.tokenize(spellNumbers(prompt, manifest))
  const limit = tokenizer.room(max_length) - (prefix === '' ? 0 : tokenizer.tokenize(prefix).length)
  if (tokens.length > limit)
    return [{ pointer: '/prompt', detail: `${tokens.length} tokens; the pack ${manifest.name} takes at most ${limit}` }]
  const drawable = drawableWords(manifest)
  if (drawable.size === 0) return []
  if (tokens.some((token) => drawable.has(token) && tokenizer.knows(token))) return []
  const hints = wordsOf(prompt).flatMap((word) => nearestWord(word, drawable) ?? [])
  const hint = hints.length > 0 ? `; did you mean ${[...new Set(hints)].join(', ')}?` : ''
  return [{ pointer: '/prompt', detail: `no word that the pack ${manifest.name} can draw${hint}` }]
}

/** Words, numbers in digits and commas, in lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+|\d+|,/g) ?? []

const drawableWords = ({ vocabulary, rewards }: PackManifest): ReadonlySet<string> =>
  new Set([
    ...vocabulary.countable,
    ...Object.values(rewards).flatMap((graph) => (graph.takes === 'counts' ? Object.keys(graph.plurals) : [])),
    ...vocabulary.shapes,
  ])
