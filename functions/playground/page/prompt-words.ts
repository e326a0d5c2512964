/** Words that may come next in a prompt, from the pack's vocabulary. */
import type { PackView } from '../../../shared/client/client.ts'

type Vocabulary = PackView['vocabulary']

const MOST = 12

export const TEMPLATES: readonly string[] = [
  'seven balloons, four bears, and four swans',
  'six airplanes and seven camels',
  'three cats and five stars',
  'a red cube on top of a blue sphere',
  'five penguins and two rockets',
]

/** As English writes them; the pack's tokenizer knows these forms. */
export const pluralOf = (noun: string): string => {
  if (noun.endsWith('sh')) return noun
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
}

/** What completes the word being written; after a whole one, what may follow it. */
export const suggestWords = (prompt: string, words: Vocabulary): readonly string[] => {
  const parts = prompt.toLowerCase().split(/[\s,]+/)
  const writing = parts.at(-1) ?? ''
  const before = parts.at(-2) ?? ''
  const following = followersOf(before, words)
  if (writing === '') return following.slice(0, MOST)
  const known = new Set([...following, ...words.numbers, ...words.countable.map(pluralOf), ...words.colors])
  return [...known].filter((word) => word.startsWith(writing) && word !== writing).slice(0, MOST)
}

const followersOf = (before: string, words: Vocabulary): readonly string[] => {
  if (before === 'one' || before === 'a') return [...words.countable, ...words.colors]
  if (words.numbers.includes(before)) return words.countable.map(pluralOf)
  if (words.colors.includes(before)) return words.shapes
  if (words.countable.some((noun) => noun === before || pluralOf(noun) === before)) return words.relations
  return words.numbers
}

/** The prompt with the word in place of what was being written. */
export const completeWith = (prompt: string, word: string): string =>
  `${prompt.replace(/[^\s,]*$/, '').replace(/([^\s])$/, '$1 ')}${word} `
