/** How deeply a JSON text is nested, without parsing it: a parser would have built all of it before anybody could look. */

/** Lists and objects inside each other, at the deepest place. Of lines of JSON that of the deepest, whatever stands before it. */
export const jsonDepth = (text: string): number => {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const one = text[at]
    if (inString) {
      // No string of JSON goes over a line's end.
      if (one === '"' || one === '\n') inString = false
      else if (one === '\\' && text[at + 1] !== '\n') at++
    } else if (one === '"') inString = true
    else if (one === '[' || one === '{') deepest = Math.max(deepest, ++depth)
    else if (one === ']' || one === '}') depth = Math.max(0, depth - 1)
  }
  return deepest
}
