/**
 * What a prompt asks for, read once and for all: the edge refuses by it, the runner feeds the model by it.
 * "Seven balloons and 2 bears" -> the words the model knows, and {balloon: 7, bear: 2}.
 */

import type { PackManifest } from '../contract/pack.ts'
import type { FieldError } from '../contract/problem.ts'
import { nearestWord } from './nearest-word.ts'
import { roomiestTokenizer } from './tokenizer.ts'

/** The pack's tokenizer, as far as reading a prompt needs it. */
export interface PromptTokenizer {
  tokenize(text: string): readonly string[]
  knows(token: string): boolean
  /** Tokens of text that fit in `length`, beside the special ones. */
  room(length: number): number
}

export type Counts = Readonly<Record<string, number>>

/** Digits become the number words the pack was trained on: "7 bears" -> "seven bears". Other text is left alone. */
export const spellNumbers = (prompt: string, manifest: PackManifest): string =>
  prompt.replace(/\b\d{1,3}\b/g, (digits) => manifest.vocabulary.numbers[Number(digits) - 1] ?? digits)

/**
 * Faults of a prompt for this pack: longer than its tokenizer takes (it would be cut without a word), or not one word
 * the pack can draw. Pointers are into the request.
 */
export const checkPrompt = (prompt: string, manifest: PackManifest, tokenizer: PromptTokenizer): FieldError[] => {
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

/** How many of what the prompt asks for, by class of the pack's count reward. Undefined when it names nothing countable. */
export const readCounts = (prompt: string, manifest: PackManifest): Counts | undefined => {
  const { classes, plurals } = manifest.rewards.count
  const words = wordsOf(spellNumbers(prompt, manifest))
  const counts: Record<string, number> = {}
  for (let at = 0; at < words.length; at++) {
    const number = numberOf(words[at], manifest)
    if (number === undefined) continue
    const found = thingAfter(words, at + 1, { classes, plurals })
    if (found === undefined) continue
    counts[found] = (counts[found] ?? 0) + number
  }
  return Object.keys(counts).length > 0 ? counts : undefined
}

/** Counts as a client may write them (class or plural), by class; or the faults. Pointers are below `/reward/counts`. */
export const checkCounts = (asked: Counts, manifest: PackManifest): { counts: Counts } | { errors: FieldError[] } => {
  const { classes, plurals } = manifest.rewards.count
  const counts: Record<string, number> = {}
  const errors: FieldError[] = []
  for (const [name, count] of Object.entries(asked)) {
    const thing = className(name.toLowerCase(), { classes, plurals })
    const pointer = `/reward/counts/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (thing === undefined) {
      const near = nearestWord(name.toLowerCase(), classes)
      errors.push({
        pointer,
        detail: `the pack ${manifest.name} cannot count this${near ? `; did you mean ${near}?` : ''}`,
      })
    } else if (Object.hasOwn(counts, thing)) errors.push({ pointer, detail: `${thing} is counted twice` })
    else counts[thing] = count
  }
  return errors.length > 0 ? { errors } : { counts }
}

interface Things {
  readonly classes: readonly string[]
  readonly plurals: Readonly<Record<string, string>>
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+|\d+|,/g) ?? []

const className = (name: string, { classes, plurals }: Things): string | undefined =>
  classes.includes(name) ? name : Object.hasOwn(plurals, name) ? plurals[name] : undefined

const numberOf = (word: string | undefined, manifest: PackManifest): number | undefined => {
  if (word === undefined) return undefined
  if (word === 'a' || word === 'an') return 1
  if (/^\d+$/.test(word)) return Number(word)
  const index = manifest.vocabulary.numbers.indexOf(word)
  return index >= 0 ? index + 1 : undefined
}

/** The thing a number speaks of: the next words, past at most two adjectives, not past a comma or "and". */
const thingAfter = (words: readonly string[], from: number, things: Things): string | undefined => {
  for (let at = from; at < Math.min(from + 3, words.length); at++) {
    const word = words[at]
    if (word === undefined || word === ',' || word === 'and' || word === 'background') return undefined
    const pair = className(`${word} ${words[at + 1] ?? ''}`, things)
    const thing = pair ?? className(word, things)
    if (thing !== undefined) return thing
  }
  return undefined
}

const drawableWords = (manifest: PackManifest): ReadonlySet<string> =>
  new Set([
    ...manifest.vocabulary.countable,
    ...Object.keys(manifest.rewards.count.plurals),
    ...manifest.vocabulary.shapes,
  ])
