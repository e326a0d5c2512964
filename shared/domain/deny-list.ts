/** Words that a prompt must not have, found as a reader would: whatever their case, accents, width or hidden characters. */

/** The reason of the first rule that the text breaks; undefined when it breaks none. */
export type DenyList = (text: string) => string | undefined

/**
 * @param rules reason -> terms: whole words, several in a row where a term has several; `*` at the end matches any ending.
 * Costs about a look-up for each word of the text and each length of a term; terms with `*` are tried one by one.
 */
export const compileDenyList = (rules: Readonly<Record<string, readonly string[]>>): DenyList => {
  const whole = new Map<string, string>()
  const beginnings: { readonly words: string; readonly reason: string }[] = []
  const lengths = new Set<number>()
  for (const [reason, terms] of Object.entries(rules))
    for (const term of terms) {
      const words = wordsOf(term)
      const joined = words.join(' ')
      if (term.endsWith('*')) beginnings.push({ words: ` ${joined}`, reason })
      else if (!whole.has(joined)) whole.set(joined, reason)
      lengths.add(words.length)
    }
  return (text) => {
    if (whole.size === 0 && beginnings.length === 0) return undefined
    const words = wordsOf(text)
    for (const at of words.keys())
      for (const length of lengths) {
        const reason = whole.get(words.slice(at, at + length).join(' '))
        if (reason !== undefined) return reason
      }
    const line = ` ${words.join(' ')}`
    return beginnings.find((beginning) => line.includes(beginning.words))?.reason
  }
}

/** Runs of letters and digits, in compatibility form, without accents and without what is not seen. */
const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []
