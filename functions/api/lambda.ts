/** The edge as an AWS Lambda behind a function URL or an HTTP API. */
import { handle } from 'hono/aws-lambda'
import { readReferences } from '../../shared/aws/read-references.ts'
import { createApi } from './app.ts'
import { observed } from './http/observe.ts'
import { reportRequests } from './http/report-requests.ts'
import { connectApi } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const api = await connectApi(await readReferences(process.env), Date.now)

export const handler = handle(observed(createApi(api), { observe: reportRequests(), now: Date.now }))
