/** The one place where a refusal becomes an answer: RFC 9457 problem+json with JSON Pointers. */
import type { Context, ErrorHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import {
  type FieldError,
  PROBLEMS,
  type Problem,
  type ProblemCode,
  ProblemError,
  toPointer,
} from '../../../shared/contract/problem.ts'
import type { ApiEnv } from '../context.ts'
import { isOutage } from './is-outage.ts'

const MAX_FIELD_ERRORS = 32
const RETRY_OUTAGE_SECONDS = '2'

/** Faults found by zod, the first of each place, as pointers into the body. An unknown key is named by its own pointer. */
export const fieldErrors = (error: z.core.$ZodError): FieldError[] => {
  const faults = error.issues.flatMap(issueErrors)
  const first = faults.filter(({ pointer }, at) => faults.findIndex((other) => other.pointer === pointer) === at)
  return first.slice(0, MAX_FIELD_ERRORS)
}

const issueErrors = (issue: z.core.$ZodIssue): FieldError[] => {
  const pointer = toPointer(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: `${pointer}${toPointer([key])}`, detail: 'unknown field' }))
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.map((branch) => branch.flatMap(issueErrors))
    const meant = branches.toSorted((a, b) => misnamed(a) - misnamed(b) || depthOf(b) - depthOf(a))[0] ?? []
    return meant.map((fault) => ({ ...fault, pointer: `${pointer}${fault.pointer}` }))
  }
  return [{ pointer, detail: issue.message }]
}

/** The branch that has the name of the client's value is the one it meant; among those that have, the one that went deepest. */
const misnamed = (faults: readonly FieldError[]): number =>
  faults.some(({ pointer }) => pointer === '/name' || pointer === '') ? 1 : 0

const depthOf = (faults: readonly FieldError[]): number =>
  Math.max(0, ...faults.map(({ pointer }) => pointer.split('/').length))

/** Handles everything thrown behind the app. Unexpected errors are logged whole and shown without their insides. */
export const answerProblem =
  (publicUrl: string): ErrorHandler<ApiEnv> =>
  (error, context) => {
    const problem = error instanceof ProblemError ? error : fromUnexpected(error, context)
    return sendProblem(context, publicUrl, problem)
  }

/** The address of a problem's page, and its name for programs: it stays the same over releases. */
export const problemType = (publicUrl: string, code: ProblemCode): string =>
  `${publicUrl}/problems/${code.replaceAll('_', '-')}`

export const sendProblem = (context: Context<ApiEnv>, publicUrl: string, error: ProblemError): Response => {
  const { status, title, retryable } = PROBLEMS[error.code]
  const problem: Problem = {
    type: problemType(publicUrl, error.code),
    title,
    status,
    detail: error.message,
    code: error.code,
    retryable,
    request_id: context.get('requestId'),
    ...(error.options.errors && { errors: [...error.options.errors] }),
    ...error.options.members,
  }
  return context.body(JSON.stringify(problem), status, {
    ...error.options.headers,
    'content-type': 'application/problem+json',
  })
}

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed_json',
  404: 'not_found',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
}

const fromUnexpected = (error: Error, context: Context<ApiEnv>): ProblemError => {
  if (error instanceof HTTPException) {
    const code = BY_STATUS[error.status]
    if (code !== undefined) return new ProblemError(code, error.message || PROBLEMS[code].title)
  }
  console.error(JSON.stringify({ level: 'error', request_id: context.get('requestId'), error: error.stack }))
  if (isOutage(error))
    return new ProblemError('unavailable', 'Something we need did not answer. Send the request again in a moment.', {
      headers: { 'retry-after': RETRY_OUTAGE_SECONDS },
    })
  return new ProblemError(
    'internal',
    'The request failed on our side; sent again with its Idempotency-Key, it counts once.',
  )
}
