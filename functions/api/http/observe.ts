/** What is told of each request: one line and two numbers. Never its body, nor who asked: the key is a secret. */
import { Hono } from 'hono'

export interface Observed {
  readonly requestId: string | null
  readonly method: string
  readonly path: string
  readonly status: number
  /** From the request's arrival to its answer, or to the first part of a stream. */
  readonly ms: number
}

export interface Observer {
  readonly observe: (request: Observed) => void
  readonly now: () => number
}

/** The app itself, told on. It answers as if nobody looked. */
export const observed = (
  app: { fetch(request: Request, env?: unknown): Response | Promise<Response> },
  { observe, now }: Observer,
): Hono =>
  new Hono().all('*', async (context) => {
    const from = now()
    const response = await app.fetch(context.req.raw, context.env)
    observe({
      requestId: response.headers.get('x-request-id'),
      method: context.req.method,
      path: pathToTell(context.req.path),
      status: response.status,
      ms: now() - from,
    })
    return response
  })

/** Without the token of a shared link: whoever has it can open the link. */
const pathToTell = (path: string): string => path.replace(/^\/v1\/shared\/[^/]+/, '/v1/shared/{token}')
