/** The reference page: every operation of the document, with its samples and a form that sends it. */
import { html, raw } from 'hono/html'
import type { CodeSample } from './code-samples.ts'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'
import { type JsonSchema, referenceOf, type SchemaRow, schemaRows } from './schema-rows.ts'

interface Parameter {
  readonly $ref?: string
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

interface Content {
  readonly schema?: JsonSchema
  readonly example?: unknown
}

interface Answer {
  readonly $ref?: string
  readonly description?: string
  readonly content?: Readonly<Record<string, Content>>
}

interface ShownOperation {
  readonly method: string
  readonly path: string
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> }
  readonly responses: Readonly<Record<string, Answer>>
  readonly 'x-codeSamples': readonly CodeSample[]
}

export interface ShownDocument {
  readonly info: { readonly title: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<ShownOperation, 'method' | 'path'>>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly parameters: Readonly<Record<string, Parameter>>
    readonly responses: Readonly<Record<string, Answer>>
  }
}

type Markup = ReturnType<typeof html>

export const referencePage = (document: ShownDocument): Markup => {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): ShownOperation => ({ ...operation, method, path })),
  )
  // What most readers never need comes last.
  const tags = [...new Set(operations.map(({ tags: [tag = ''] }) => tag))].toSorted(
    (a, b) => Number(a === 'Administration') - Number(b === 'Administration'),
  )
  const of = (tag: string) => operations.filter(({ tags: [first] }) => first === tag)
  const schemas = Object.entries(document.components.schemas)
  return html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${document.info.title} - API reference</title><style>${raw(PAGE_STYLE)}</style>
<nav><a href="#top"><b>${document.info.title}</b></a><a href="/openapi.json">openapi.json</a><a href="/problems">Problems</a>${tags.map(
    (tag) =>
      html`<h2>${tag}</h2>${of(tag).map(({ operationId, method, summary }) => html`<a href="#${operationId}" title="${summary}"><span class="method ${method}">${method}</span> ${operationId}</a>`)}`,
  )}<h2>Objects</h2>${schemas.map(([name]) => html`<a href="#schema-${name}">${name}</a>`)}</nav>
<main id="top"><h1>${document.info.title}</h1><p>${document.info.description}</p>${introduction(document.servers[0]?.url ?? '')}${tags.map((tag) => html`<h2>${tag}</h2>${of(tag).map((operation) => section(document, operation))}`)}<h2>Objects</h2>${schemas.map(([name, schema]) => html`<section id="schema-${name}"><h3>${name}</h3>${fields(schemaRows(schema))}</section>`)}</main>
<script>${raw(PAGE_SCRIPT)}</script></html>`
}

const introduction = (
  url: string,
): Markup => html`<section><p>Samples read the address and the key from the environment:</p>
<pre>export ROLLOVER_URL=${url}
export ROLLOVER_API_KEY=rk_...</pre>
<ul><li>Every request carries <code>Authorization: Bearer rk_...</code>; administration takes the key <code>rka_...</code>.</li>
<li>Amounts are integers of micro-dollars, budgets are NFEs, times are UTC.</li>
<li>A POST with an <code>Idempotency-Key</code> can be sent again: nothing is done or charged twice.</li>
<li>Refusals are <code>application/problem+json</code> with a stable <code>code</code>; <code>retryable</code> says whether the same request may succeed later. <a href="/problems">All of them</a></li></ul></section>`

const section = (document: ShownDocument, operation: ShownOperation): Markup => {
  const { operationId, method, path, summary, description = '', requestBody } = operation
  const parameters = (operation.parameters ?? []).map((parameter) =>
    resolved(document.components.parameters, parameter),
  )
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  return html`<section id="${operationId}" class="two"><div><h3>${summary}</h3><p><span class="method ${method}">${method}</span> <code>${path}</code></p><p>${prose(description)}</p>
${parameters.length === 0 ? '' : html`<h4>Parameters</h4>${fields(parameters.map(parameterRow))}`}
${content?.schema === undefined ? '' : html`<h4>Body <small>${type}</small></h4>${body(content.schema)}`}
<h4>Answers</h4>${answers(document, operation)}</div>
<div>${samples(operation['x-codeSamples'])}${form(operation, { parameters, type, content })}</div></section>`
}

const body = (schema: JsonSchema): Markup => {
  const name = referenceOf(schema)
  if (name !== undefined) return html`<p><a href="#schema-${name}">${name}</a></p>`
  return schema.properties === undefined ? html`<p>Text</p>` : fields(schemaRows(schema))
}

const resolved = <Thing extends { readonly $ref?: string }>(of: Readonly<Record<string, Thing>>, thing: Thing): Thing =>
  of[thing.$ref?.split('/').at(-1) ?? ''] ?? thing

const parameterRow = ({ name, in: where, required = false, description = '', schema }: Parameter): SchemaRow => {
  const [row] = schemaRows({ properties: { [name]: schema } })
  return { ...row, name, type: `${row?.type ?? ''}, ${where}`, required, limits: row?.limits ?? '', description }
}

const fields = (rows: readonly SchemaRow[]): Markup =>
  html`<table>${rows.map(({ name, type, link, required, limits, description }) => html`<tr><td><code>${name}</code>${required ? '' : html`<br><small>optional</small>`}</td><td><span class="dim">${link === undefined ? type : html`<a href="#schema-${link}">${type}</a>`}${limits === '' ? '' : `; ${limits}`}</span><br>${prose(description)}</td></tr>`)}</table>`

const answers = (document: ShownDocument, { responses }: ShownOperation): Markup => {
  const rows = Object.entries(responses).filter(([status]) => status !== 'default')
  return html`<table>${rows.map(([status, response]) => {
    const { description = '', content = {} } = resolved(document.components.responses, response)
    const [type, first] = Object.entries(content)[0] ?? []
    const name = first?.schema && referenceOf(first.schema)
    const shape =
      type === undefined || type === 'application/problem+json'
        ? ''
        : html` <small>${type}</small> ${name === undefined ? '' : html`<a href="#schema-${name}">${name}</a>`}`
    const inner = name === undefined && first?.schema?.properties !== undefined ? fields(schemaRows(first.schema)) : ''
    return html`<tr><td><code>${status}</code></td><td>${prose(description)}${shape}${inner}</td></tr>`
  })}</table>`
}

const samples = (of: readonly CodeSample[]): Markup =>
  html`<div class="samples"><div class="tabs" role="tablist">${of.map(({ label }) => html`<button type="button" role="tab" data-tab="${label}">${label}</button>`)}<button type="button" class="copy">Copy</button></div>${of.map(({ label, source }) => html`<pre data-sample="${label}">${source}</pre>`)}</div>`

const form = (
  { method, path, security }: ShownOperation,
  on: { parameters: readonly Parameter[]; type: string | undefined; content: Content | undefined },
): Markup => {
  const key = security?.some((each) => 'adminKey' in each) ? 'rka_...' : 'rk_...'
  const asked = on.parameters.filter(({ in: where }) => where === 'path' || where === 'query')
  const example = on.content?.example
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2)
  return html`<form data-method="${method}" data-path="${path}" data-type="${on.type ?? ''}"><details><summary>Send it</summary>
<label><span>Key</span><input data-key="${key}" type="password" placeholder="${key}" autocomplete="off" aria-label="API key"></label>
${asked.map(({ name, in: where }) => html`<label><span>${name}</span><input name="${where}.${name}" aria-label="${name}"></label>`)}
${on.content === undefined ? '' : html`<textarea rows="6" aria-label="body">${text ?? '{}'}</textarea>`}
<button type="submit">Send</button><output></output></details></form>`
}

/** Text with `code` in it. */
const prose = (text: string): (Markup | string)[] =>
  text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))
