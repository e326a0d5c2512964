/**
 * How many of what is asked for: read from a prompt, or said by the client.
 * "Seven balloons and 2 bears" -> {balloon: 7, bear: 2}.
 */
import type { PackManifest } from '../contract/pack.ts'
import { type FieldError, toPointer } from '../contract/problem.ts'
import { nearestWord } from './nearest-word.ts'
import { spellNumbers, wordsOf } from './prompt.ts'

export type Counts = Readonly<Record<string, number>>

/** What a reward counts. */
interface Things {
  readonly classes: readonly string[]
  readonly plurals: Readonly<Record<string, string>>
}

type Vocabulary = PackManifest['vocabulary']

/** How many of what the prompt asks for, by class of a reward that counts. Undefined when it names nothing countable. */
export const readCounts = (
  prompt: string,
  vocabulary: Vocabulary,
  { classes, plurals }: Things,
): Counts | undefined => {
  const words = wordsOf(spellNumbers(prompt, { vocabulary }))
  const counts: Record<string, number> = {}
  for (let at = 0; at < words.length; at++) {
    const number = numberOf(words[at], vocabulary)
    if (number === undefined) continue
    const found = thingAfter(words, at + 1, { classes, plurals })
    if (found === undefined) continue
    counts[found] = (counts[found] ?? 0) + number
  }
  return Object.keys(counts).length > 0 ? counts : undefined
}

/** Counts as a client may write them (class or plural), by class; or the faults. @param pointer of the counts in the request. */
export const checkCounts = (
  asked: Counts,
  { classes, plurals }: Things,
  on: { pack: string; pointer: string },
): { counts: Counts } | { errors: FieldError[] } => {
  const counts: Record<string, number> = {}
  const errors: FieldError[] = []
  for (const [name, count] of Object.entries(asked)) {
    const thing = className(name.toLowerCase(), { classes, plurals })
    const pointer = `${on.pointer}${toPointer([name])}`
    if (thing === undefined) {
      const near = nearestWord(name.toLowerCase(), classes)
      errors.push({
        pointer,
        detail: `the pack ${on.pack} cannot count this${near ? `; did you mean ${near}?` : ''}`,
      })
    } else if (Object.hasOwn(counts, thing)) errors.push({ pointer, detail: `${thing} is counted twice` })
    else counts[thing] = count
  }
  return errors.length > 0 ? { errors } : { counts }
}

const className = (name: string, { classes, plurals }: Things): string | undefined =>
  classes.includes(name) ? name : Object.hasOwn(plurals, name) ? plurals[name] : undefined

const numberOf = (word: string | undefined, vocabulary: Vocabulary): number | undefined => {
  if (word === undefined) return undefined
  if (word === 'a' || word === 'an') return 1
  if (/^\d+$/.test(word)) return Number(word)
  const index = vocabulary.numbers.indexOf(word)
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
