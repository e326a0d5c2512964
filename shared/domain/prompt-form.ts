/** Prompts of one form: "from {start} to {goal}", where each place takes one of its words. */
import type { PromptForm } from '../contract/pack.ts'
import { nearestWord } from './nearest-word.ts'

/**
 * What is wrong with a prompt of this form; undefined when it has it. Read from left to right, without going back further than a place:
 * of the words that a place may hold the longest that is there is taken.
 */
export const faultOfForm = (prompt: string, { text, places }: PromptForm): string | undefined => {
  let rest = ` ${prompt.toLowerCase().trim().replace(/\s+/g, ' ')}`
  for (const part of text.split(' ')) {
    const name = part.startsWith('{') ? part.slice(1, -1) : undefined
    const choices = name === undefined ? [part] : (places[name] ?? [])
    const found = longestFirst(choices).find((choice) => rest === ` ${choice}` || rest.startsWith(` ${choice} `))
    if (found === undefined) return faultAt(rest.trim(), { name, choices, text })
    rest = rest.slice(found.length + 1)
  }
  return rest === '' ? undefined : `has "${shortened(rest.trim())}" after its end; the form is "${text}"`
}

const longestFirst = (choices: readonly string[]): string[] => choices.toSorted((a, b) => b.length - a.length)

const faultAt = (
  rest: string,
  { name, choices, text }: { name: string | undefined; choices: readonly string[]; text: string },
): string => {
  const there = rest === '' ? 'ends' : `has "${shortened(rest)}"`
  if (name === undefined) return `${there} where "${choices[0]}" belongs; the form is "${text}"`
  const words = rest.split(' ')
  const near = choices.flatMap(
    (choice) => nearestWord(words.slice(0, choice.split(' ').length).join(' '), [choice]) ?? [],
  )
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `one of ${choices.join(', ')}`
  return `${there} where {${name}} belongs; ${hint}`
}

const MOST_SHOWN = 40

const shortened = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text)
