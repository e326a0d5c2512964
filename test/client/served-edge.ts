/** The real edge on a port, with a client that reaches it directly and one that reaches it through a bad proxy. */
import { once } from 'node:events'
import { serve } from '@hono/node-server'
import { Rollover } from 'rollover'
import { createApi } from '../../functions/api/app.ts'
import { type Edge, startEdge, type TestAccount } from '../api/edge.ts'
import { type FlakyProxy, startFlakyProxy } from './flaky-proxy.ts'

export interface ServedEdge {
  readonly edge: Edge
  readonly account: TestAccount
  readonly url: string
  readonly proxy: FlakyProxy
  readonly direct: Rollover
  /** Through the proxy, with short pauses. */
  readonly shaky: Rollover
  close(): Promise<void>
}

export const serveEdge = async (): Promise<ServedEdge> => {
  const edge = await startEdge()
  const account = await edge.openAccount()
  const server = serve({ fetch: createApi(edge.api).fetch, hostname: '127.0.0.1', port: 0 })
  if (server.address() === null) await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const proxy = await startFlakyProxy(url)
  const { apiKey } = account
  return {
    edge,
    account,
    url,
    proxy,
    direct: new Rollover({ apiKey, baseUrl: url }),
    shaky: new Rollover({ apiKey, baseUrl: proxy.url, retry: { retries: 8, baseMs: 5 } }),
    close: async () => {
      proxy.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      server.close()
      await edge.close()
    },
  }
}
