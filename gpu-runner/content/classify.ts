/**
 * One question to a classifier of the deployment: is this to be made? It is asked by a POST of JSON,
 *
 *   {"kind": "prompt", "prompt": "seven balloons"}   or   {"kind": "image", "content_type": "image/png", "image": "<base64>"}
 *
 * and answers `{"refused": false}` or `{"refused": true, "reason": "weapons"}`.
 */
import { type ClassifierSettings, verdictSchema } from '../../shared/contract/content-policy.ts'

export type Question =
  | { readonly kind: 'prompt'; readonly prompt: string }
  | { readonly kind: 'image'; readonly content_type: string; readonly image: string }

const UNSAID = 'content policy'

/** A verdict has far fewer. */
const MAX_ANSWER_CHARACTERS = 10_000

/**
 * Why it is refused; undefined when it is not. Rejects when there is no verdict: nobody may take a silence for a yes. The
 * error says nothing of what was asked.
 */
export const classify = async (
  { url, timeout_ms }: ClassifierSettings,
  question: Question,
): Promise<string | undefined> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
    redirect: 'error',
    signal: AbortSignal.timeout(timeout_ms),
  })
  if (!response.ok) throw new Error(`the ${question.kind} classifier answered ${response.status}`)
  const text = await readAtMost(response, MAX_ANSWER_CHARACTERS)
  const verdict = verdictSchema.safeParse(parse(text))
  if (!verdict.success) throw new Error(`the ${question.kind} classifier answered with no verdict`)
  return verdict.data.refused ? (verdict.data.reason ?? UNSAID) : undefined
}

/** Empty when there is more. */
const readAtMost = async (response: Response, limit: number): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true })
    if (text.length > limit) return ''
  }
  return text
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
