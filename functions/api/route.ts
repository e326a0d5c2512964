/** Pieces that every route's OpenAPI description repeats. */
import type { Hook, OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import { ProblemError, problemSchema } from '../../shared/contract/problem.ts'
import type { ApiEnv } from './context.ts'
import { fieldErrors } from './http/problems.ts'

export type Api = OpenAPIHono<ApiEnv>

export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  required: true,
  content: { 'application/json': { schema } },
})

export const problems = {
  default: { description: 'A problem', content: { 'application/problem+json': { schema: problemSchema } } },
}

export const apiKeySecurity = [{ apiKey: [] }]
export const adminKeySecurity = [{ adminKey: [] }]

/** Turns what zod found into one problem, for every route. */
export const refuseInvalid: Hook<unknown, ApiEnv, string, unknown> = (result) => {
  if (result.success) return
  if (result.target === 'header') {
    const [fault] = result.error.issues
    throw new ProblemError('invalid_header', `${fault?.path.join('.')}: ${fault?.message}`)
  }
  const errors = fieldErrors(result.error)
  const first = errors[0]
  throw new ProblemError('invalid_request', first ? `${first.pointer || 'the body'}: ${first.detail}` : 'not valid', {
    errors,
  })
}
