/** GET /problems/{code}: the page behind every problem's `type`, as HTML for people and JSON for programs. */
import { html } from 'hono/html'
import { PROBLEMS, type ProblemCode, ProblemError } from '../../../shared/contract/problem.ts'
import { REMEDIES } from '../../../shared/contract/problem-remedies.ts'
import type { ApiContext } from '../context.ts'
import type { Api } from '../route.ts'
import { problemType } from './problems.ts'

const CODES = Object.keys(PROBLEMS) as ProblemCode[]
const CACHE = 'public, max-age=3600'

export const addProblemPages = (app: Api, { publicUrl }: ApiContext): void => {
  app.get('/problems', (context) => {
    const data = CODES.map((code) => explain(publicUrl, code))
    context.header('cache-control', CACHE)
    context.header('vary', 'Accept')
    if (wantsJson(context.req.header('accept'))) return context.json({ data })
    const items = data.map(({ type, status, title }) => html`<li><a href="${type}">${status}: ${title}</a></li>`)
    return context.html(page('Problems', html`<h1>Problems</h1><ul>${items}</ul>`))
  })
  app.get('/problems/:slug', (context) => {
    const code = CODES.find((each) => each.replaceAll('_', '-') === context.req.param('slug'))
    if (code === undefined) throw new ProblemError('not_found', 'There is no problem of this name.')
    const problem = explain(publicUrl, code)
    context.header('cache-control', CACHE)
    context.header('vary', 'Accept')
    if (wantsJson(context.req.header('accept'))) return context.json(problem)
    const again = problem.retryable ? 'The same request may succeed later.' : 'The same request will not succeed.'
    const body = html`<h1>${problem.title}</h1><p><code>${code}</code>, status ${problem.status}. ${again}</p><p>${problem.remedy}</p>`
    return context.html(page(problem.title, body))
  })
}

const explain = (publicUrl: string, code: ProblemCode) => ({
  type: problemType(publicUrl, code),
  code,
  ...PROBLEMS[code],
  remedy: REMEDIES[code],
})

/** HTML is for whoever names it; curl and libraries get JSON. */
const wantsJson = (accept: string | undefined): boolean => !(accept ?? '').includes('text/html')

const page = (title: string, body: unknown) =>
  html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} - Rollover</title><style>body{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}</style>${body}</html>`
