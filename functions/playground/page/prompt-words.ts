/** Words that may come next in a prompt, from the pack's vocabulary. */
import type { PackView } from '../../../shared/client/client.ts'

type Vocabulary = PackView['vocabulary']

const MOST = 12

/** As English writes them; the pack's tokenizer knows these forms. */
export const pluralOf = (noun: string): string => {
  if (noun.endsWith('sh')) return noun
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
}

/** What completes the word being written; after a whole one, what may follow it. */
export const suggestWords = (prompt: string, words: Vocabulary): readonly string[] => {
  const parts = prompt.toLowerCase().split(/[\s,]+/)
  const writing = parts.at(-1) ?? ''
  if (writing === '') return followersOf(parts.at(-2) ?? '', words).slice(0, MOST)
  if (isWhole(writing, words)) return followersOf(writing, words).slice(0, MOST)
  const before = followersOf(parts.at(-2) ?? '', words)
  const known = new Set([...before, ...words.numbers, ...words.countable.map(pluralOf), ...words.colors])
  return [...known].filter((word) => word.startsWith(writing)).slice(0, MOST)
}

/** The prompt with a suggested word after what is whole, in place of what is not. */
export const completeWith = (prompt: string, word: string, words: Vocabulary): string => {
  const writing = /[^\s,]*$/.exec(prompt)?.[0] ?? ''
  const kept = isWhole(writing.toLowerCase(), words) ? prompt : prompt.slice(0, prompt.length - writing.length)
  return `${kept.replace(/(\S)$/, '$1 ')}${word} `
}

const isWhole = (word: string, words: Vocabulary): boolean =>
  [...words.numbers, ...words.colors, ...words.relations, 'a'].includes(word) || isThing(word, words)

const isThing = (word: string, { countable, shapes }: Vocabulary): boolean =>
  [...countable, ...shapes].some((noun) => noun === word || pluralOf(noun) === word)

const followersOf = (before: string, words: Vocabulary): readonly string[] => {
  if (before === 'one' || before === 'a') return [...words.countable, ...words.colors]
  if (words.numbers.includes(before)) return words.countable.map(pluralOf)
  if (words.colors.includes(before)) return words.shapes
  if (isThing(before, words)) return ['and', ...words.relations.filter((relation) => relation !== 'and')]
  return words.numbers
}
