/** A thread that dies of what it is asked: an uncaught error on `begin`, an exit on `end`; `open` never answers. It ends when told to. */
import { parentPort } from 'node:worker_threads'
import { CLOSE, type ModelRequest } from '../../../gpu-runner/engine/protocol.ts'

parentPort?.on('message', (message: ModelRequest | typeof CLOSE) => {
  if (message === CLOSE) process.exit(0)
  if (message.name === 'begin') throw new Error('out of device memory')
  if (message.name === 'end') process.exit(3)
})
