/** Prompts of one form: "from {start} to {goal}", where each place takes one of its words. */
import type { PromptForm } from '../contract/pack.ts'
import { nearestWord } from './nearest-word.ts'

/** A part of a form: words that stand as they are, or a place and what may stand there. */
export type FormPart = { readonly words: string } | { readonly place: string; readonly choices: readonly string[] }

export type ReadForm =
  | {
      readonly ok: true /** What stands in each place, in the order of the form. */
      readonly filling: readonly string[]
    }
  | { readonly ok: false; readonly fault: string }

/** The parts of a form from left to right; each word that stands as it is, is a part of its own. */
export const partsOfForm = ({ text, places }: PromptForm): FormPart[] =>
  text.split(' ').map((part) => {
    if (!part.startsWith('{')) return { words: part }
    const place = part.slice(1, -1)
    return { place, choices: places[place] ?? [] }
  })

/**
 * A prompt by the places of its form, or what is wrong with it. Read from left to right, without going back further than a place:
 * of the words that a place may hold the longest that is there is taken.
 */
export const readForm = (prompt: string, form: PromptForm): ReadForm => {
  const filling: string[] = []
  let rest = ` ${prompt.toLowerCase().trim().replace(/\s+/g, ' ')}`
  for (const part of partsOfForm(form)) {
    const choices = 'place' in part ? part.choices : [part.words]
    const found = longestFirst(choices).find((choice) => rest === ` ${choice}` || rest.startsWith(` ${choice} `))
    if (found === undefined) return { ok: false, fault: faultAt(rest.trim(), part, form.text) }
    if ('place' in part) filling.push(found)
    rest = rest.slice(found.length + 1)
  }
  if (rest === '') return { ok: true, filling }
  return { ok: false, fault: `has "${shortened(rest.trim())}" after its end; the form is "${form.text}"` }
}

/** The prompt of a filling: one choice for each place, in the order of the form. The first choice stands where it has none. */
export const fillForm = (form: PromptForm, filling: readonly string[] = []): string => {
  const left = [...filling]
  return partsOfForm(form)
    .map((part) => ('place' in part ? (left.shift() ?? part.choices[0] ?? '') : part.words))
    .join(' ')
}

const longestFirst = (choices: readonly string[]): string[] => choices.toSorted((a, b) => b.length - a.length)

const faultAt = (rest: string, part: FormPart, text: string): string => {
  const there = rest === '' ? 'ends' : `has "${shortened(rest)}"`
  if (!('place' in part)) return `${there} where "${part.words}" belongs; the form is "${text}"`
  const { place, choices } = part
  const words = rest.split(' ')
  const near = choices.flatMap(
    (choice) => nearestWord(words.slice(0, choice.split(' ').length).join(' '), [choice]) ?? [],
  )
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `one of ${choices.join(', ')}`
  return `${there} where {${place}} belongs; ${hint}`
}

const MOST_SHOWN = 40

const shortened = (text: string): string => (text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text)
