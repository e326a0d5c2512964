/** A thread that dies of what it is asked: an uncaught error on `begin`, an exit on `end`; `open` never answers. */
import { parentPort } from 'node:worker_threads'
import type { ModelRequest } from '../../../gpu-runner/engine/protocol.ts'

parentPort?.on('message', ({ name }: ModelRequest) => {
  if (name === 'begin') throw new Error('out of device memory')
  if (name === 'end') process.exit(3)
})
