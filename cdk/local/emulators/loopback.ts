/** What the three emulators share: a server on the loopback interface, and how it ends. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const LOOPBACK = '127.0.0.1'

export interface Emulator {
  /** `http://127.0.0.1:PORT`; an IP address makes the S3 client use path-style URLs. */
  endpoint: string
  stop(): Promise<void>
}

/** Listens and returns the endpoint. @throws Error EADDRINUSE and the like */
export async function listen(server: Server, address: { port: number; host: string }): Promise<string> {
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(address.port, address.host, () => {
      server.off('error', failed)
      listening()
    })
  })
  return `http://${address.host}:${(server.address() as AddressInfo).port}`
}

/** Stops listening and drops every open connection: clients of a stopped service see a reset, and retry. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((closed) => {
    server.close(() => closed())
    server.closeAllConnections()
  })
}
