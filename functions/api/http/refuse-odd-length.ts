/** Refuses, with its place, what the schemas of bodies would stumble over: see shared/domain/odd-length.ts. */
import { createMiddleware } from 'hono/factory'
import { findOddLength } from '../../../shared/domain/odd-length.ts'
import type { ApiEnv } from '../context.ts'
import { refuseFields } from '../generations/check-request.ts'

/** What is no JSON is left to its route. */
export const refuseOddLength = () =>
  createMiddleware<ApiEnv>(async ({ req }, next) => {
    const pointer = findOddLength(await readJson(req))
    if (pointer !== undefined) throw refuseFields([{ pointer, detail: 'unknown field' }])
    await next()
  })

const readJson = async (req: {
  header(name: string): string | undefined
  text(): Promise<string>
}): Promise<unknown> => {
  const text = req.header('content-type')?.includes('json') === true ? await req.text() : ''
  // Hardly a body has the word: the others are not read twice.
  if (!text.includes('"length"') && !text.includes('\\u')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
