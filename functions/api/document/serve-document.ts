/** GET /openapi.json: the whole API as OpenAPI 3.1, made from the schemas that check the requests. GET /reference: for people. */
import { createHash } from 'node:crypto'
import { accountSchema } from '../../../shared/contract/account.ts'
import { batchResultSchema, batchSchema } from '../../../shared/contract/batch.ts'
import { generationSchema } from '../../../shared/contract/generation.ts'
import { problemSchema } from '../../../shared/contract/problem.ts'
import { quoteSchema } from '../../../shared/contract/quote.ts'
import {
  invoiceSchema,
  priceListSchema,
  statementSchema,
  usageReportSchema,
} from '../../../shared/contract/statement.ts'
import type { ApiContext } from '../context.ts'
import type { Api } from '../route.ts'
import { completeDocument, type Document } from './complete-document.ts'
import { PAGE_SCRIPT } from './page-script.ts'
import { PAGE_STYLE } from './page-style.ts'
import { referencePage, type ShownDocument } from './reference-page.ts'

/** Schemas with a name of their own in the document, and so in generated clients. */
const NAMED = {
  Account: accountSchema,
  Batch: batchSchema,
  BatchResult: batchResultSchema,
  Generation: generationSchema,
  Invoice: invoiceSchema,
  PriceList: priceListSchema,
  Problem: problemSchema,
  Quote: quoteSchema,
  Statement: statementSchema,
  UsageReport: usageReportSchema,
}

/** After every route: it describes what is there. Made at the first request, since most processes are never asked. */
export const serveDocument = (app: Api, api: ApiContext): void => {
  const bearer = (description: string) => ({ type: 'http', scheme: 'bearer', description }) as const
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', bearer('A key of an account, rk_...'))
  app.openAPIRegistry.registerComponent('securitySchemes', 'adminKey', bearer('The administration key, rka_...'))
  // A clone: a schema made before @hono/zod-openapi was imported, in whatever order, lacks what that adds.
  for (const [name, schema] of Object.entries(NAMED)) app.openAPIRegistry.register(name, schema.clone())
  let document: Document | undefined
  const whole = (): Document => {
    document ??= completeDocument(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Rollover',
          version: '1',
          description: 'Image generation searched by reward, paid by the NFE.',
          license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
        },
        servers: [{ url: api.publicUrl }],
      }),
    )
    return document
  }
  app.get('/openapi.json', (context) => context.json(whole()))
  app.get('/reference', async (context) => {
    context.header('content-security-policy', POLICY)
    context.header('cache-control', 'public, max-age=300')
    return context.html(await referencePage(whole() as unknown as ShownDocument))
  })
}

const sourceOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page's own style and script, by their hashes, and requests to this origin: nothing else runs or is loaded. */
const POLICY = [
  "default-src 'none'",
  `style-src ${sourceOf(PAGE_STYLE)}`,
  `script-src ${sourceOf(PAGE_SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')
