/** The `Prefer` header (RFC 7240), as far as this API knows it: `wait`. */

const WAIT = /^wait(?:\s*=\s*"?(\d{1,9})"?)?\s*(?:;.*)?$/i

/**
 * Seconds to wait: at most `longest`, which a bare `wait` means too. Undefined when nothing readable is preferred;
 * the RFC asks to ignore what one does not know. The first of several counts.
 */
export const preferredWait = (header: string | undefined, longest: number): number | undefined => {
  for (const preference of (header ?? '').split(',')) {
    const match = WAIT.exec(preference.trim())
    if (match !== null) return Math.min(longest, Number(match[1] ?? longest))
  }
  return undefined
}
