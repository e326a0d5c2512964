/** Loopback ports: a free one, or the one that was asked for if nobody has it. */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** @param port the port wanted; 0 for any. Rejects with a sentence when another process has it. */
export const freePort = async (port = 0): Promise<number> => {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    throw new Error(`port ${port} is in use; stop what uses it, or choose another with --port`)
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  return address.port
}
