/** The edge as an AWS Lambda behind a function URL or an HTTP API. */
import { fileURLToPath } from 'node:url'
import { handle } from 'hono/aws-lambda'
import { readReferences } from '../../shared/aws/read-references.ts'
import { presignOutput } from '../../shared/stores/outputs.ts'
import { readPage } from '../playground/read-page.ts'
import { servePage } from '../playground/serve-page.ts'
import { createApi } from './app.ts'
import { observed } from './http/observe.ts'
import { reportRequests } from './http/report-requests.ts'
import { connectApi } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const api = await connectApi(await readReferences(process.env), Date.now)

const app = createApi(api)
// Beside the bundle: cdk puts it there.
const files = await readPage(fileURLToPath(new URL('page/', import.meta.url)))
servePage(app, { files, fileLink: () => presignOutput(api.bucket, 'any') })

export const handler = handle(observed(app, { observe: reportRequests(), now: Date.now }))
