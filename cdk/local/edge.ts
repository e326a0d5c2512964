/** The edge as a process of the local stack: the app of functions/api behind a loopback port. */
import { serve } from '@hono/node-server'
import { createApi } from '../../functions/api/app.ts'
import { connectApi } from '../../functions/api/settings.ts'
import { buildPage } from '../../functions/playground/build.ts'
import { servePage } from '../../functions/playground/serve-page.ts'
import { presignOutput } from '../../shared/stores/outputs.ts'
import { endWithParent } from './end-with-parent.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const environment = process.env
const api = await connectApi(environment, Date.now)
const app = createApi(api)
servePage(app, { files: await buildPage(), fileLink: () => presignOutput(api.bucket, 'any') })
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(environment['PORT']) }, () =>
  process.send?.('ready'),
)
/** Requests in hand get this long; event streams, which would go on for a minute, are cut: their clients come back. */
const CLOSE_MS = 1000
endWithParent(() => {
  server.close(() => process.exit(0))
  setTimeout(() => process.exit(0), CLOSE_MS)
})
