/** Live events as an AWS Lambda behind a function URL in the mode RESPONSE_STREAM. Its timeout must exceed a slice. */
import { streamHandle } from 'hono/aws-lambda'
import { readReferences } from '../../shared/aws/read-references.ts'
import { observed } from '../api/http/observe.ts'
import { reportRequests } from '../api/http/report-requests.ts'
import { connectApi } from '../api/settings.ts'
import { createEventsApp } from './app.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const api = await connectApi(await readReferences(process.env), Date.now)

export const handler = streamHandle(observed(createEventsApp(api), { observe: reportRequests(), now: Date.now }))
