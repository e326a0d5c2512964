/** A thread that dies of what it is asked: an uncaught error on `begin`, an exit on `end`; `open` never answers. It ends when told to. */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', ({ name }: { name: string }) => {
  if (name === 'close') process.exit(0)
  if (name === 'begin') throw new Error('out of device memory')
  if (name === 'end') process.exit(3)
})
