/** Requests of a client that is patient: the same again, under the same key, until there is an answer. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly key: string
  readonly body?: object | string
  readonly idempotencyKey?: string
}

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const PATIENCE_MS = 90_000
const TIMEOUT_MS = 15_000
const PAUSE_MS = 300

/** Undefined when nothing came within the client's patience, or only that it should come again: then nobody knows. */
export const callUntilAnswered = async (url: string, call: Call): Promise<Answer | undefined> => {
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    const answer = await callOnce(url, call)
    if (answer !== undefined && answer.status < 500 && answer.body['retryable'] !== true) return answer
    await sleep(PAUSE_MS)
  }
  return undefined
}

export const callOnce = async (
  url: string,
  { method = 'GET', path, key, body, idempotencyKey }: Call,
): Promise<Answer | undefined> => {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && {
          'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json',
        }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  } catch {
    return undefined
  }
}
